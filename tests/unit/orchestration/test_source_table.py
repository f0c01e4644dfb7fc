from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import duckdb
import pyarrow as pa
import pytest

from narvaro.disclosure import ProtectedTable, columns_named
from narvaro.errors import PublishError
from narvaro.ledger import Ledger, VerdictRecord
from narvaro.orchestration.source_standing import source_standings
from narvaro.orchestration.source_table import with_standings

NIGHT = date(2026, 9, 21)
LEDGER_COLUMNS = ("delivery_status", "verdict_type", "coverage_pct", "open_issues_count", "oldest_issue_night_date")
FEW = "OMITTED_DUE_TO_BASED_ON_FEW_PUPILS"


def a_finding(source, rule="impossible_minutes"):
    return SimpleNamespace(
        source=source, rule=rule, door="rows", severity="critical", count=1, school_unit_code=None, record_ids=(),
        note_sv="", note_en="", details={}, owner="reporting",
    )  # fmt: skip


@pytest.fixture
def line(tmp_path):
    """Two sources, the second of which has not been read; the first has one open issue and one that is verified."""
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger.record_landing("a", NIGHT, [])
    ledger.settle_accepted("a", NIGHT, [VerdictRecord("s", "passed", 9), VerdictRecord("t", "quarantined", 9)], {})
    ledger.record_verdicts([VerdictRecord("t", "quarantined", 9, source="a", night=NIGHT, quarantined_rows=2)])
    ledger.record_findings(NIGHT, [a_finding("a"), a_finding("a", "minutes_off")], checked=[("a", "rows")])
    ledger.answer_issue("a/-/minutes_off", "verified", by="x", reason="right")
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as warehouse:
        warehouse.execute("create schema marts")
        warehouse.execute("create table marts.dim_school_unit as select '1' school_unit_code, 'a' source_name")
        warehouse.execute("insert into marts.dim_school_unit values ('2', 'a'), ('3', 'b')")
    owner = SimpleNamespace(owner_id="o", name="Owner")
    tables = [SimpleNamespace(name="source_status", ledger_columns=LEDGER_COLUMNS)]
    county = SimpleNamespace(
        enabled_sources=[SimpleNamespace(name=name) for name in "ab"],
        owner_of=lambda _source: owner,
        publication=SimpleNamespace(tables=tables),
    )
    settings = SimpleNamespace(warehouse_path=tmp_path / "warehouse.duckdb")
    return SimpleNamespace(ledger=ledger, county=county, settings=settings)


def sources_table():
    data = pa.table({"source_name": ["a", "b"]})
    return ProtectedTable("source_status", "", "", columns_named("source_status", ["source_name"]), data)


def weeks_table(rows):
    names = ("school_unit_code", "iso_week", "scheduled_minutes", "offered_minutes", "value_type")
    data = pa.table({name: [row[place] for row in rows] for place, name in enumerate(names)})
    return ProtectedTable("school_unit_absence_by_week", "", "", (), data)


def rows_of(tables):
    return {row["source_name"]: row for row in tables[0].data.to_pylist()}


def test_table_tells_what_the_ledger_knows_of_each_source(line):
    (table,) = with_standings(line, NIGHT, [sources_table()])
    assert [column.name for column in table.columns] == table.data.column_names == ["source_name", *LEDGER_COLUMNS]
    rows = rows_of([table])
    known = {"delivery_status": "accepted", "verdict_type": "quarantined", "oldest_issue_night_date": NIGHT}
    assert rows["a"].items() >= known.items()
    assert rows["b"]["delivery_status"] == "never"
    assert rows["b"]["verdict_type"] is None


def test_verified_issue_is_not_open(line):
    today = line.ledger.answers()[0].answered_at.date()
    found = source_standings(line.county, line.ledger, today=today)
    assert [(standing.source, standing.open_issues) for standing in found] == [("a", 1), ("b", 0)]


def test_coverage_is_of_the_newest_weeks_and_of_shown_units_only(line):
    rows = [("1", f"2026-W{week}", 100, 50, "EXISTS") for week in (35, 36, 37, 38)]
    rows += [("1", "2026-W34", 100, 0, "EXISTS"), ("2", "2026-W38", 999, 0, FEW), ("9", "2026-W38", 999, 0, "EXISTS")]
    found = rows_of(with_standings(line, NIGHT, [sources_table(), weeks_table(rows)]))
    assert found["a"]["coverage_pct"] == 50
    assert found["b"]["coverage_pct"] is None


def test_column_that_the_ledger_cannot_give_is_refused(line):
    line.county.publication.tables[0].ledger_columns = ("pupil_id",)
    with pytest.raises(PublishError, match="delivery_status"):
        with_standings(line, NIGHT, [sources_table()])


def test_county_that_asks_for_nothing_gets_its_tables_as_they_are(line):
    line.county.publication.tables[0].ledger_columns = ()
    assert with_standings(line, NIGHT, [sources_table()])[0].data.column_names == ["source_name"]
