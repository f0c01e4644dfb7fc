"""How each source is read: chosen from what its probe found, unless it is configured."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest

from narvaro.county.model import Plan, Source
from narvaro.sources import ENTITIES, Reading, plan_night
from narvaro.sources.ss12000.lists import CHANGING
from narvaro.sources.ss12000.plan import WINDOW
from narvaro.sources.ss12000.probe import Capabilities, ResourceFacts

NIGHT = date(2026, 9, 19)
UNTIL = datetime(2026, 9, 18, 23, tzinfo=UTC)
YESTERDAY = UNTIL - timedelta(days=1)
CURSORS = dict.fromkeys(ENTITIES, YESTERDAY)
PATHS = [resource.path for resource in CHANGING]


@dataclass
class Read:
    last_night: date | None = NIGHT - timedelta(days=1)
    due_reason: str | None = None


RECENT = {(entity, kind): Read() for entity in ENTITIES for kind in ("full", "window")}


def a_source(plan=None, **changes):
    return Source(name="exempel", owner="2120000142", plan=Plan(**(plan or {})), **changes)


def facts(*, deletions="lists", expand="honoured", lookup=True, modified_is_start=False, **changed):
    """Capabilities of a server that keeps to the standard, but for the named lists."""
    good = ResourceFacts("served", paging="never", has_meta=True, modified_times="offset")
    paths = [*PATHS, "/organisations", "/activities", "/syllabuses", "/aggregatedAttendance"]
    resources = dict.fromkeys(paths, good) | {f"/{name}": found for name, found in changed.items()}
    return Capabilities(
        resources,
        deletions=deletions,
        expand_attendance=expand,
        lookup_by_lessons=lookup,
        modified_is_start=modified_is_start,
    ).to_dict()


def planned(capabilities=None, cursors=None, reads=None, *, source=None, night=NIGHT):
    cursors = CURSORS if cursors is None else cursors
    return plan_night(source or a_source(), capabilities, cursors, RECENT if reads is None else reads, UNTIL, night)


def test_a_first_night_reads_all_up_to_the_bound_and_counts_as_whole():
    plan = planned(cursors={}, reads={})
    assert {plan.readings[path] for path in PATHS} == {Reading("cursor", None)}
    assert WINDOW not in plan.readings
    assert {("attendances", "full"), ("attendances", "window"), ("grades", "full")} <= set(plan.reads)


@pytest.mark.parametrize("capabilities", [None, facts()])
def test_a_good_server_is_read_by_time_of_change_with_overlap(capabilities):
    plan = planned(capabilities)
    after = YESTERDAY - timedelta(minutes=15)
    assert {plan.readings[path] for path in (*PATHS, "/deletedEntities")} == {Reading("cursor", after)}
    assert plan.reasons == {}


def test_an_entity_that_has_no_cursor_is_read_from_the_beginning():
    plan = planned(cursors={**CURSORS, "enrolments": None})
    assert plan.readings["/persons"] == Reading("cursor", None)
    assert plan.readings["/groups"].after is not None


def test_the_earliest_cursor_of_a_list_counts():
    early = YESTERDAY - timedelta(days=3)
    plan = planned(cursors={**CURSORS, "enrolments": early})
    assert plan.readings["/persons"].after == early - timedelta(minutes=15)


@pytest.mark.parametrize("times", ["naive", "mixed"])
def test_times_without_offset_widen_the_overlap_to_three_hours(times):
    naive = facts(absences=ResourceFacts("served", has_meta=True, modified_times=times))
    assert planned(naive).readings["/grades"].after == YESTERDAY - timedelta(hours=3)


def test_a_wider_overlap_of_the_source_stands():
    naive = facts(absences=ResourceFacts("served", has_meta=True, modified_times="naive"))
    plan = planned(naive, source=a_source(overlap_minutes=600))
    assert plan.readings["/grades"].after == YESTERDAY - timedelta(hours=10)


@pytest.mark.parametrize(
    "bad",
    [
        ResourceFacts("served", has_meta=False),
        ResourceFacts("served", has_meta=True, paging="unsafe"),
        ResourceFacts("served", has_meta=True, filters={"meta.modified.after": "ignored"}),
        ResourceFacts("served", has_meta=True, filters={"meta.modified.before": "refused"}),
        ResourceFacts("served", has_meta=True, filters={"meta.modified.after": "loses_rows"}),
    ],
)
@pytest.mark.parametrize("name", ["grades", "persons", "absences", "calendarEvents"])
def test_a_list_whose_changes_cannot_be_asked_for_is_read_whole(name, bad):
    plan = planned(facts(**{name: bad}))
    assert plan.readings[f"/{name}"] == Reading("full")
    assert plan.readings["/groups"].mode == "cursor"
    assert list(plan.reasons) == [f"/{name}"]


def test_a_whole_read_of_every_night_counts_as_whole():
    assert ("grades", "full") in planned(facts(grades=ResourceFacts("served", has_meta=False))).reads


def test_lessons_whose_change_is_their_start_are_read_whole():
    plan = planned(facts(modified_is_start=True))
    assert plan.readings["/calendarEvents"] == Reading("full")
    assert plan.readings["/attendances"].mode == "cursor"


@pytest.mark.parametrize(("expand", "lookup"), [("honoured", False), ("ignored", True), ("refused", True)])
def test_registers_without_meta_are_read_by_the_days_of_their_lessons(expand, lookup):
    found = facts(attendances=ResourceFacts("served", has_meta=False), expand=expand, lookup=lookup)
    plan = planned(found)
    assert plan.readings["/attendances"] == Reading("window")
    assert plan.readings[WINDOW] == Reading("window", UNTIL - timedelta(days=45))
    assert ("attendances", "full") not in plan.reads


def test_registers_without_meta_or_a_way_by_lesson_are_read_whole():
    found = facts(attendances=ResourceFacts("served", has_meta=False), expand="ignored", lookup=False)
    plan = planned(found)
    assert plan.readings["/attendances"] == Reading("full")
    assert WINDOW not in plan.readings


def test_registers_that_are_not_listed_are_read_by_lesson():
    plan = planned(facts(attendances=ResourceFacts("forbidden")))
    assert plan.readings["/attendances"] == Reading("window")


def test_a_window_reads_the_whole_year_first_and_when_a_whole_read_is_due():
    by_window = facts(attendances=ResourceFacts("forbidden"))
    for plan in (planned(by_window, cursors={}, reads={}), planned(by_window, reads={})):
        assert plan.readings[WINDOW] == Reading("window", None)
        assert ("attendances", "full") in plan.reads
        assert plan.window is None


@pytest.mark.parametrize(("days", "is_read"), [(6, False), (7, True), (8, True)])
def test_the_window_is_read_again_every_week_beside_the_cursor(days, is_read):
    reads = RECENT | {("attendances", "window"): Read(NIGHT - timedelta(days=days))}
    plan = planned(facts(), reads=reads)
    assert (WINDOW in plan.readings) is is_read
    assert (("attendances", "window") in plan.reads) is is_read
    assert plan.readings["/attendances"].mode == "cursor"


@pytest.mark.parametrize("changes", [{"window_every_days": 0}, {"window_every_days": 400}])
def test_the_window_is_read_as_seldom_as_configured(changes):
    reads = RECENT | {("attendances", "window"): Read(NIGHT - timedelta(days=30))}
    assert WINDOW not in planned(facts(), reads=reads, source=a_source(changes)).readings


def test_the_window_is_as_long_as_configured_and_tells_its_whole_days():
    reads = RECENT | {("attendances", "window"): Read(due_reason="short pull")}
    plan = planned(facts(), reads=reads, source=a_source({"window_days": 10}))
    assert plan.readings[WINDOW] == Reading("window", UNTIL - timedelta(days=10))
    assert plan.window == (date(2026, 9, 10), date(2026, 9, 17))


def test_the_window_is_not_read_where_lessons_come_without_registers():
    reads = RECENT | {("attendances", "window"): Read(None)}
    assert WINDOW not in planned(facts(expand="ignored", lookup=False), reads=reads).readings


def test_a_whole_read_of_the_registers_leaves_no_need_of_the_window():
    reads = RECENT | {("attendances", kind): Read(due_reason="x") for kind in ("full", "window")}
    plan = planned(facts(), reads=reads)
    assert plan.readings["/attendances"] == Reading("full")
    assert WINDOW not in plan.readings
    assert ("attendances", "window") in plan.reads


@pytest.mark.parametrize("last", [None, NIGHT - timedelta(days=28), NIGHT - timedelta(days=300)])
def test_a_list_is_read_whole_every_four_weeks(last):
    plan = planned(facts(), reads=RECENT | {("grades", "full"): Read(last)})
    assert plan.readings["/grades"] == Reading("full")
    assert plan.readings["/persons"].mode == "cursor"
    assert ("grades", "full") in plan.reads


def test_a_list_that_is_due_is_read_whole_at_once():
    plan = planned(facts(), reads=RECENT | {("enrolments", "full"): Read(due_reason="capability changed")})
    assert plan.readings["/persons"] == Reading("full")
    assert {("pupils", "full"), ("enrolments", "full")} <= set(plan.reads)


def test_whole_reads_can_be_switched_off_but_for_those_that_are_due():
    source = a_source({"full_every_days": 0})
    assert planned(facts(), reads={}, source=source).readings["/grades"].mode == "cursor"
    due = {("grades", "full"): Read(due_reason="x")}
    assert planned(facts(), reads=due, source=source).readings["/grades"] == Reading("full")


def test_a_list_that_is_not_served_is_whole_when_it_comes():
    plan = planned(facts(grades=ResourceFacts("not_served")))
    assert plan.readings["/grades"] == Reading("full")
    assert ("grades", "full") not in plan.reads


@pytest.mark.parametrize(
    ("setting", "path", "reading"),
    [
        ({"attendances": "cursor"}, "/attendances", "cursor"),
        ({"attendances": "window"}, "/attendances", "window"),
        ({"lessons": "full"}, "/calendarEvents", "full"),
        ({"lessons": "cursor"}, "/calendarEvents", "cursor"),
        ({"grades": "full"}, "/grades", "full"),
        ({"grades": "cursor"}, "/grades", "cursor"),
    ],
)
def test_what_is_configured_goes_before_what_was_found(setting, path, reading):
    without_meta = ResourceFacts("served", has_meta=False)
    found = facts(attendances=without_meta, calendarEvents=without_meta, grades=without_meta)
    assert planned(found, source=a_source(setting)).readings[path].mode == reading
    assert planned(facts(), source=a_source(setting)).readings[path].mode == reading


@pytest.mark.parametrize(
    ("night", "weeks", "span"),
    [
        (date(2026, 9, 19), 1, (date(2026, 9, 14), date(2026, 9, 18))),
        (date(2026, 9, 21), 1, (date(2026, 9, 14), date(2026, 9, 20))),
        (date(2026, 9, 21), 3, (date(2026, 8, 31), date(2026, 9, 20))),
        (date(2026, 9, 22), 1, (date(2026, 9, 21), date(2026, 9, 21))),
        (date(2026, 9, 22), 2, (date(2026, 9, 14), date(2026, 9, 21))),
        (date(2026, 9, 22), 0, None),
    ],
)
def test_control_totals_are_of_the_newest_weeks_and_the_running_one_ends_yesterday(night, weeks, span):
    assert planned(facts(), source=a_source({"control_weeks": weeks}), night=night).control_span == span


@pytest.mark.parametrize("access", ["forbidden", "not_served"])
def test_there_is_no_control_where_there_are_no_totals(access):
    assert planned(facts(aggregatedAttendance=ResourceFacts(access))).control_span is None


def test_school_units_and_activities_are_whole_every_night():
    assert {("school_units", "full"), ("activities", "full")} <= set(planned(facts()).reads)
