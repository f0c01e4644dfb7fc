"""What leaves about quality: by source and rule, never by school unit, and no count of pupils."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest

from narvaro.county import load_county
from narvaro.errors import PublishError
from narvaro.ledger import FailureRecord, Ledger, VerdictRecord
from narvaro.orchestration.quality_tables import with_quality_tables
from narvaro.settings import PROJECT_DIR

FIRST, NIGHT = date(2026, 9, 19), date(2026, 9, 21)
OF_LEDGER = [t for t in load_county(PROJECT_DIR / "config").publication.tables if t.is_of_ledger]


def a_failure(rule, count, severity="critical", owner="reporting"):
    return FailureRecord(rule, severity, "row", count, record_ids=("post-1",), owner=owner)


def a_verdict(night, entity, status, *failures, **changes):
    fields = {"rows": 100, "source": "a", "entity": entity, "night": night, "quarantined_rows": 3, "failures": failures}
    return VerdictRecord(f"raw__{entity}", status, **fields | changes)


def a_finding(rule, unit=None):
    return SimpleNamespace(
        source="a", rule=rule, door="marts", severity="warning", count=1, school_unit_code=unit, record_ids=(),
        note_sv="", note_en="", details={}, owner="timetable",
    )  # fmt: skip


@pytest.fixture
def line(tmp_path):
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger.record_verdicts(
        [
            a_verdict(FIRST, "attendances", "quarantined", a_failure("impossible_minutes", 3)),
            a_verdict(
                FIRST, "pupils", "passed", a_failure("unknown_sex", 2, "warning", "register"), quarantined_rows=0
            ),
            # The second night was judged twice: the second verdict stands.
            a_verdict(NIGHT, "attendances", "refused", a_failure("impossible_minutes", 90)),
            a_verdict(NIGHT, "attendances", "quarantined", a_failure("impossible_minutes", 4)),
            a_verdict(NIGHT, "attendances", "passed", source="of another county"),
            a_verdict(date(2026, 9, 22), "attendances", "refused"),
            VerdictRecord("fct_absence_by_county_week", "refused", 9, night=NIGHT),
        ]
    )
    findings = [a_finding("lessons_on_free_day", "11111111"), a_finding("lessons_on_free_day", "22222222")]
    ledger.record_findings(NIGHT, [*findings, a_finding("late_delivery")], checked=[("a", "marts")])
    county = SimpleNamespace(enabled_sources=[SimpleNamespace(name="a")], publication=SimpleNamespace(tables=OF_LEDGER))
    return SimpleNamespace(ledger=ledger, county=county)


def rows(line, name):
    (table,) = (table for table in with_quality_tables(line, NIGHT, []) if table.name == name)
    return table.data.to_pylist()


def test_a_night_has_the_gravest_of_its_newest_verdicts(line):
    assert rows(line, "quality_verdicts_by_source_night") == [
        {
            "source_name": "a",
            "night_date": FIRST,
            "verdict_type": "quarantined",
            "checked_rows_count": 200,
            "quarantined_rows_count": 3,
            "failed_rules_count": 2,
        },
        {
            "source_name": "a",
            "night_date": NIGHT,
            "verdict_type": "quarantined",
            "checked_rows_count": 100,
            "quarantined_rows_count": 3,
            "failed_rules_count": 1,
        },
    ]


def test_rules_are_counted_by_week_and_pupils_are_not(line):
    found = {(row["iso_week"], row["rule_name"]): row for row in rows(line, "quality_rule_counts_by_source_week")}
    assert {key: row["failed_rows_count"] for key, row in found.items()} == {
        ("2026-W38", "impossible_minutes"): 3,
        ("2026-W38", "unknown_sex"): None,
        ("2026-W39", "impossible_minutes"): 4,
    }
    assert {row["owner_role"] for row in found.values()} == {"reporting", "register"}


def test_open_issues_tell_how_many_units_and_not_which(line):
    found = rows(line, "quality_issues_open_by_source")
    assert [(row["rule_name"], row["open_issues_count"], row["school_units_count"]) for row in found] == [
        ("late_delivery", 1, 0),
        ("lessons_on_free_day", 2, 2),
    ]
    assert "11111111" not in repr(found)


def test_the_same_ledger_gives_the_same_tables(line):
    first, second = (with_quality_tables(line, NIGHT, []) for _ in range(2))
    assert [table.data for table in first] == [table.data for table in second]
    assert [table.name for table in first] == [table.name for table in OF_LEDGER]


def test_a_county_without_nights_has_empty_tables(line, tmp_path):
    line.ledger = Ledger.open(f"sqlite:///{tmp_path / 'empty.db'}")
    assert [table.data.num_rows for table in with_quality_tables(line, NIGHT, [])] == [0, 0, 0]


@pytest.mark.parametrize("changes", [{"mart": "ledger_secrets"}, {"ledger_columns": ("pupils_count",)}])
def test_what_the_ledger_does_not_have_is_a_clear_error(line, changes):
    line.county.publication.tables = [OF_LEDGER[0].model_copy(update=changes)]
    with pytest.raises(PublishError, match="the ledger does not have"):
        with_quality_tables(line, NIGHT, [])
