from __future__ import annotations

from reported import SOURCE, a_failure

from narvaro.alerts import (
    DOOR_ARRIVAL,
    DOOR_MARTS,
    DOOR_READING,
    DOOR_ROWS,
    findings_from_failures,
    findings_from_sources,
    findings_from_units,
    not_read,
    silent_source,
    wrong_shape,
)


def test_one_rule_over_several_entities_is_one_finding():
    failures = [("lessons", a_failure(rule="missing_columns")), ("grades", a_failure(rule="missing_columns", count=3))]
    (finding,) = findings_from_failures(SOURCE, failures, door=DOOR_ROWS)
    assert (finding.count, finding.details) == (5, {"entities": ["grades", "lessons"]})
    assert finding.record_ids == ("id-1", "id-2", "id-1", "id-2")


def test_the_gravest_severity_counts():
    failures = [("a", a_failure(severity="warning")), ("b", a_failure(severity="critical"))]
    (finding,) = findings_from_failures(SOURCE, failures, door=DOOR_ROWS)
    assert finding.severity == "critical"


def test_record_ids_are_cut_at_five_hundred():
    failure = a_failure(record_ids=tuple(str(number) for number in range(300)))
    (finding,) = findings_from_failures(SOURCE, [("a", failure), ("b", failure)], door=DOOR_ROWS)
    assert len(finding.record_ids) == 500


def test_units_become_findings_of_their_owners_source():
    keys = [
        {"school_unit_code": "2", "iso_week": "2026-W38"},
        {"school_unit_code": "1", "iso_week": "2026-W38"},
        {"school_unit_code": "1", "iso_week": "2026-W37"},
        {"school_unit_code": "9", "iso_week": "2026-W37"},
    ]
    failure = a_failure(rule="reports_missing", severity="warning", keys=tuple(keys))
    findings = findings_from_units(failure, sources={"1": "a", "2": "b"}, names={"1": "Björkskolan"})
    assert [(f.source, f.school_unit_code, f.count, f.door) for f in findings] == [
        ("a", "1", 2, DOOR_MARTS),
        ("b", "2", 1, DOOR_MARTS),
    ]
    assert findings[0].details == {"school_unit_name": "Björkskolan", "periods": ["2026-W37", "2026-W38"]}


def test_days_of_one_week_are_one_period():
    week = {"school_unit_code": "1", "iso_week": "2026-W37"}
    keys = [week | {"school_date": day} for day in ("2026-09-10", "2026-09-11")]
    (finding,) = findings_from_units(a_failure(keys=tuple(keys)), sources={"1": "a"}, names={})
    assert (finding.count, finding.details["periods"]) == (1, ["2026-W37"])


def test_sources_become_findings_of_their_own_with_the_rules_owner():
    failure = a_failure(rule="late_delivery", severity="warning", keys=({"source_name": "a"}, {"source_name": "b"}))
    found = [(f.source, f.rule, f.door, f.school_unit_code, f.owner) for f in findings_from_sources(failure)]
    assert found == [(source, "late_delivery", DOOR_MARTS, None, failure.owner) for source in ("a", "b")]


def test_a_source_that_cannot_be_read_is_a_finding():
    assert silent_source(SOURCE, reason="503").details == {"reason": "503"}
    assert wrong_shape(SOURCE).details == {}
    assert {silent_source(SOURCE).door, wrong_shape(SOURCE).door} == {DOOR_ARRIVAL}


def test_a_source_that_was_not_read_was_not_examined_at_the_door_of_arrival():
    """Else an open fault of the source would count as mended."""
    assert not_read(SOURCE, reason="no connection").door == DOOR_READING
