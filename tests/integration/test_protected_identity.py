"""A pupil with protected identity is at no school: not in its figures, not among its faulty rows, not in old files."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
from command_line import narvaro
from simulated_line import SimulatedLine, simulated_line

from narvaro.orchestration import county_steps, findings, landing_steps
from narvaro.orchestration.restricted import read_restricted
from narvaro.privacy import Pseudonymiser, load_key
from narvaro.quality import standing
from narvaro.quality.quarantine import REMARKS
from narvaro.simulator.canaries import person_record_ids

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from narvaro.ledger import LoadRecord
    from narvaro.orchestration.line import Line
    from narvaro.quality import Verdict

FAULTY = "1080-karlskrona"
REFUSED = "1081-ronneby"


@dataclass
class TwoNights:
    """An installation after two nights; some pupils were marked between them, some in a night that was refused."""

    line: SimulatedLine
    releases: list[set[str]]
    unit_figures: list[dict[tuple[str, str], int]]
    ids_told: list[set[str]]

    @property
    def nights(self) -> tuple[date, date]:
        return self.line.night, self.line.night + timedelta(days=3)

    def query(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        with duckdb.connect(str(self.line.line.settings.warehouse_path), read_only=True) as connection:
            return connection.execute(statement, values).fetchall()

    def people(self, source: str, *, late: bool) -> set[str]:
        """Give the pseudonyms of a source's pupils that were marked from the start, or between the nights."""
        world = self.line.world
        key = load_key(self.line.line.settings.pseudonym_key_path)
        pseudonymiser = Pseudonymiser(key, source)
        names = [each.name for each in world.sources]
        persons = world.persons
        is_late = persons.marked_at > 0
        is_early = ((persons.marking > 0) & ~is_late) | persons.is_marked_on_references
        chosen = (is_late if late else is_early) & (persons.source == names.index(source))
        uuids = person_record_ids(world)
        return {pseudonymiser.person_id(uuids[place]) for place in np.flatnonzero(chosen).tolist()}

    def attendance_ids(self, people: set[str], source: str) -> set[str]:
        tables = [
            pq.read_table(path, columns=["attendance_id", "person_id"]).to_pandas()
            for path in self.line.line.settings.landing_dir.glob(f"attendances/{source}/*/*.parquet")
        ]
        return {row for table in tables for row in table.attendance_id[table.person_id.isin(people)]}


@pytest.fixture(scope="module")
def two_nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoNights]:
    # So many wrong rows that some are about protected pupils, and yet few enough to be held one by one.
    faults = ({"source": FAULTY, "kind": "impossible_minutes", "rows": 600},)
    home = tmp_path_factory.mktemp("protected") / "home"
    with simulated_line(home, scale=20.0, faults=faults, protected_per_thousand=60.0) as line:
        found = TwoNights(line, [], [], [])
        assert line.land_all(found.nights[0]) == {}
        publish_and_note(found, found.nights[0])
        with pytest.MonkeyPatch.context() as patch:
            refuse_rows_of(REFUSED, patch)
            assert set(line.land_all(found.nights[1])) == {REFUSED}
        publish_and_note(found, found.nights[1])
        yield found


def refuse_rows_of(source: str, patch: pytest.MonkeyPatch) -> None:
    """Have a source's rows refused, whatever they are like."""
    check = landing_steps._check

    def refusing(line: Line, load: LoadRecord) -> Verdict:
        verdict = check(line, load)
        return replace(verdict, status="refused") if load.source == source else verdict

    patch.setattr(landing_steps, "_check", refusing)


def publish_and_note(found: TwoNights, night: date) -> None:
    found.line.build_and_publish(night)
    line = found.line.line
    examination = county_steps.examine_sources(line, night)
    line.ledger.record_findings(night, examination.findings, checked=examination.checked)
    found.releases.append({path.name for path in (line.settings.published_dir / "releases").iterdir()})
    rows = found.query("select school_unit_code, iso_week, pupils_count from marts.fct_absence_by_school_unit_week")
    found.unit_figures.append({(str(unit), str(week)): int(pupils) for unit, week, pupils in rows})
    found.ids_told.append(ids_told(line))


def ids_told(line: Line) -> set[str]:
    """Give every record id that the ledger would tell somebody."""
    issues = [record for issue in line.ledger.issues() for record in issue.record_ids]
    verdicts = [r for verdict in line.ledger.verdicts() for failure in verdict.failures for r in failure.record_ids]
    return {*issues, *verdicts}


def test_the_world_has_what_is_tested(two_nights: TwoNights):
    """Without pupils marked late, wrong rows about protected pupils and a refused source nothing would be proved."""
    for source in (FAULTY, REFUSED):
        assert two_nights.people(source, late=True)
        assert two_nights.people(source, late=False)
    protected = two_nights.attendance_ids(two_nights.people(FAULTY, late=False), FAULTY)
    assert protected & faulty_ids(two_nights)
    assert two_nights.ids_told[0]


def faulty_ids(two_nights: TwoNights) -> set[str]:
    """Give the ids of the rows that the suite set aside."""
    settings = two_nights.line.line.settings
    ids: set[str] = set()
    for path in settings.quarantine_dir.glob(f"attendances/{FAULTY}/*.parquet"):
        held = set(pq.read_table(path).column("_row").to_pylist())
        for part in settings.landing_dir.glob(f"attendances/{FAULTY}/{path.stem}/*.parquet"):
            table = pq.read_table(part, columns=["attendance_id", "_row"]).to_pandas()
            ids |= set(table.attendance_id[table["_row"].isin(held)])
    return ids


def test_rows_about_protected_pupils_are_told_to_nobody(two_nights: TwoNights):
    """Their faults count; what would lead to them does not leave the quarantine, nor does it stand in it."""
    protected = two_nights.attendance_ids(two_nights.people(FAULTY, late=False), FAULTY)
    assert two_nights.ids_told[0].isdisjoint(protected)
    quarantine_dir = two_nights.line.line.settings.quarantine_dir
    for folder in (quarantine_dir, quarantine_dir / REMARKS):
        for path in folder.glob(f"attendances/{FAULTY}/*.parquet"):
            assert protected.isdisjoint(pq.read_table(path).column("record_id").to_pylist())


def test_issues_forget_rows_of_a_pupil_who_is_marked_later(two_nights: TwoNights, monkeypatch: pytest.MonkeyPatch):
    """Found on the first night, when nobody knew; told then, and not any more."""
    monkeypatch.setattr(standing, "MAX_RECORD_IDS", 10_000)
    late = two_nights.attendance_ids(two_nights.people(FAULTY, late=True), FAULTY)

    def told() -> set[str]:
        found = findings._standing(two_nights.line.line, FAULTY, two_nights.nights[1])
        return {record_id for _, failure in found for record_id in failure.record_ids}

    by_now = told()
    monkeypatch.setattr(findings, "people_not_to_name", lambda *_: frozenset())
    if_nobody_asked = told()
    assert if_nobody_asked & late
    assert by_now.isdisjoint(late)
    assert len(by_now) > len(if_nobody_asked) / 2


def test_a_late_mark_takes_a_pupil_out_of_every_week_of_every_unit(two_nights: TwoNights):
    late = two_nights.people(FAULTY, late=True)
    weeks = two_nights.query(
        "select distinct school_unit_code, iso_week from marts.fct_absence_by_pupil_day "
        "inner join staging.stg_pupils using (source_name, pupil_id) "
        "where source_name = ? and person_id in (select unnest(?::varchar[])) and offered_minutes > 0",
        FAULTY,
        sorted(late),
    )
    assert len({week for _, week in weeks}) > 3
    first, second = two_nights.unit_figures
    shrunk = [place for place in weeks if second.get(place, 0) < first.get(place, 0)]
    # A week in which somebody else arrived late may stand as it was; most cannot.
    assert len(shrunk) > len(weeks) / 2
    marked = two_nights.query("select count(*) from marts.dim_pupil where is_protected")[0][0]
    assert marked >= len(late)


def test_figures_of_units_are_the_truth_without_them(two_nights: TwoNights):
    """The refused source's newest marks count though its newest rows do not."""
    line = two_nights.line.line
    units = two_nights.query("select school_unit_code from marts.dim_school_unit where source_name <> ?", REFUSED)
    own = {str(unit) for (unit,) in units}
    truth = two_nights.line.world.truth(line.county.night_bound_at(two_nights.nights[1])).school_unit_absence_by_week
    wanted = {
        (row.school_unit_code, row.iso_week): row.pupils_count
        for row in truth.itertuples()
        if row.school_unit_code in own
    }
    shown = {place: count for place, count in two_nights.unit_figures[1].items() if place[0] in own}
    assert shown == wanted


def test_a_mark_in_a_refused_night_counts(two_nights: TwoNights):
    late = two_nights.people(REFUSED, late=True)
    query = (
        "select bool_and(dim_pupil.is_protected), count(*) from marts.dim_pupil "
        "inner join staging.stg_pupils using (pupil_id) "
        "where source_name = ? and person_id in (select unnest(?::varchar[]))"
    )
    assert two_nights.query(query, REFUSED, sorted(late)) == [(True, len(late))]


def test_an_earlier_release_does_not_stay_on_the_shelf(two_nights: TwoNights):
    first, second = two_nights.releases
    assert len(first) == 1
    assert len(second) == 1
    assert first.isdisjoint(second)
    newest = two_nights.line.line.ledger.releases()[0]
    assert newest.audit["withdrawn_releases"] == sorted(first)
    assert newest.audit["protected_unit_weeks"] > newest.audit["protected_pupils"] > 0


def test_an_earlier_release_stays_while_nobody_is_marked_anew(two_nights: TwoNights, tmp_path: Path):
    copy = two_nights.line.copied_to(tmp_path / "home")
    owners = copy.line.settings.published_dir / "releases"
    before = {path.name for path in owners.iterdir()}
    with duckdb.connect(str(copy.line.settings.warehouse_path)) as connection:
        connection.execute("update marts.fct_absence_by_county_week set absent_minutes = absent_minutes + 1")
    county_steps.publish(copy.line, two_nights.nights[1])
    assert before < {path.name for path in owners.iterdir()}


@pytest.mark.parametrize("shown_as", ["pupil_id", "'pupil ' || pupil_id", "[pupil_id, 'x']"])
def test_an_answer_from_the_restricted_marts_leaves_them_out(
    two_nights: TwoNights, caplog: pytest.LogCaptureFixture, shown_as: str
):
    query = f"select {shown_as} as pupil, count(*) as days from marts.fct_absence_by_pupil_day group by pupil_id"
    shown = asked_by_somebody(two_nights, query)
    protected = {str(row) for (row,) in two_nights.query("select pupil_id from marts.dim_pupil where is_protected")}
    asked = {str(row) for row, _ in two_nights.query(query)}
    named = {text for text in asked if any(pupil_id in text for pupil_id in protected)}
    assert named
    assert {str(row["pupil"]) for row in shown} == asked - named
    assert not caplog.records


PROBES = {
    "sum beside rows": "select school_unit_code, count(distinct pupil_id) from {days} group by 1",
    "marks": "select count(*) from {pupils} where is_protected",
    "marked days": "select school_unit_code, count(*) from {days} where is_protected group by 1",
    "summary": "select count from (summarize select pupil_id from {pupils})",
}


@pytest.mark.parametrize("probe", PROBES.values(), ids=PROBES)
def test_no_question_tells_how_many_they_are(two_nights: TwoNights, probe: str):
    """Rows of protected pupils left out of an answer and not of a sum would be counted, unit by unit."""
    hidden = "(select pupil_id from marts.dim_pupil where is_protected)"
    marts = {"days": "marts.fct_absence_by_pupil_day", "pupils": "marts.dim_pupil"}
    filtered = {name: f"(from {mart} where pupil_id not in {hidden})" for name, mart in marts.items()}
    shown = {tuple(row.values()) for row in asked_by_somebody(two_nights, probe.format(**marts))}
    assert shown == set(two_nights.query(probe.format(**filtered)))
    assert shown != set(two_nights.query(probe.format(**marts)))


def test_what_is_said_of_the_answer_is_the_same_for_every_answer(two_nights: TwoNights):
    """Where there are protected pupils, and where there are none."""
    queries = ("select * from marts.dim_pupil", "select 1 as one")
    told = {narvaro(two_nights.line.env, "sql", query, "--purpose", "a test").stderr for query in queries}
    assert len(told) == 1
    assert "may be missing" in told.pop()


def asked_by_somebody(two_nights: TwoNights, query: str) -> list[dict[str, object]]:
    return read_restricted(two_nights.line.line, query, purpose="a test", actor="somebody")


def test_what_is_noted_of_them_names_nobody(two_nights: TwoNights):
    pseudonyms = {str(row) for (row,) in two_nights.query("select pupil_id from marts.dim_pupil")}
    noted = json.dumps([dict(release.audit) for release in two_nights.line.line.ledger.releases()])
    assert not [pseudonym for pseudonym in pseudonyms if pseudonym in noted]
