"""Lists that silently leave something out: by what other rows refer to, and by a second look with other pages."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from one_source import NAME, OneSource, is_told, lands_true, second

from narvaro.orchestration import landing_steps
from narvaro.orchestration.findings import examine_sources

if TYPE_CHECKING:
    from datetime import date

REFERRED_TO = {
    "persons": "pupils",
    "groups": "group_memberships",
    "organisations": "school_units",
    "activities": "activities",
    "calendarEvents": "lessons",
}
OMITTED = {"kind": "protected_omitted"}
NO_LOOKUP = ({"kind": "not_served", "resource": "persons/lookup"}, {"kind": "not_served", "resource": "persons/id"})


def short(resource: str, rows: int = 3, **changes: Any) -> dict[str, Any]:
    return {"kind": "short_pull", "resource": resource, "rows": rows, **changes}


def findings(source: OneSource, night: date) -> dict[str, tuple[str, int]]:
    """Give severity and count of what is told of the source, by rule."""
    found = examine_sources(source.line, night).findings
    return {finding.rule: (finding.severity, finding.count) for finding in found if finding.source == NAME}


def test_a_night_filled_in_afterwards_rests_on_what_later_nights_brought(new: OneSource):
    """Its lists hold what changed after the last night and before its own: nothing. Its activities name groups."""
    lands_true(new, night=new.first_night)
    earlier = new.first_night - timedelta(days=4)
    record, error = landing_steps.land_and_judge(new.line, NAME, earlier)
    assert record.status == "accepted", error
    new.assert_true(new.first_night)


@pytest.mark.parametrize(("resource", "entity"), REFERRED_TO.items())
def test_what_other_rows_refer_to_may_not_be_left_out(new: OneSource, resource: str, entity: str):
    new.set_up(plan={"look_twice": False})
    new.plant(short(resource))
    record = new.night(new.first_night)
    assert (record.status, new.line.ledger.cursors(NAME)) == ("refused", {})
    assert f"{entity} that other rows refer to" in record.reason
    assert new.line.ledger.reads(NAME)[entity, "full"].due_reason == "records_left_out"
    severity, count = findings(new, new.first_night).pop("records_left_out")
    assert severity == "critical"
    assert count >= 1
    new.plant()
    assert new.night(second(new)).status == "accepted", new.error
    new.assert_true(second(new))
    assert "records_left_out" not in findings(new, second(new))


@pytest.mark.parametrize("resource", [*REFERRED_TO, "absences", "grades"])
def test_second_look_with_other_pages_shows_what_the_first_lost(new: OneSource, resource: str):
    reason = is_told(new, "refused", short(resource), night=new.first_night)
    assert "asked for once more with other pages" in reason


@pytest.mark.parametrize("resource", ["persons", "groups", "calendarEvents", "attendances", "grades"])
def test_whole_read_deletes_nothing_that_the_source_still_has(source: OneSource, resource: str):
    source.set_up(plan={"full_every_days": 1, "look_twice": False, "control_weeks": 0})
    is_told(source, "refused", short(resource))


def test_pupils_left_out_by_law_are_told_of_and_refuse_nothing(new: OneSource):
    new.plant(OMITTED)
    assert new.night(new.first_night).status == "accepted", new.error
    assert findings(new, new.first_night)["unknown_references"][0] == "warning"
    following = new.first_night + timedelta(days=1)
    assert new.night(following).status == "accepted", new.error
    assert findings(new, following)["unknown_references"][0] == "warning"


@pytest.mark.parametrize(("tolerance", "status"), [(0.0, "refused"), (1.0, "accepted")])
def test_source_that_looks_nobody_up_is_believed_as_far_as_is_set(new: OneSource, tolerance: float, status: str):
    new.set_up(plan={"orphan_tolerance": tolerance})
    new.plant(OMITTED, *NO_LOOKUP)
    assert new.night(new.first_night).status == status, new.error


def test_source_without_a_school_unit_has_told_nothing(new: OneSource):
    assert "no school unit has come" in is_told(new, "refused", {"kind": "empty"}, night=new.first_night)


def test_lookup_that_loses_rows_too_is_not_believed(new: OneSource):
    new.set_up(plan={"look_twice": False})
    new.plant(short("persons"), short("persons/lookup", rows=8))
    assert new.night(new.first_night).status == "refused"


def test_pupil_who_came_after_the_bound_is_not_left_out(source: OneSource):
    """The servers go on while they are read: what changed after the night's bound waits for the next."""
    source.plant({"kind": "offset_tokens", "seconds": 3600})
    record = source.night(second(source))
    assert "refer to" not in record.reason
