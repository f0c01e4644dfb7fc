"""Registers by the days of their lessons, and the source's own sums."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime

import pytest
from school_system import Answer, a_lesson, an_attendance, an_id, json_answer

from narvaro.errors import SourceError, SourceShapeError
from narvaro.sources import Mark, Reading
from narvaro.sources.ss12000.plan import WINDOW

FIRST = datetime(2026, 9, 1, tzinfo=UTC)
BY_WINDOW = {"/attendances": Reading("window"), WINDOW: Reading("window", FIRST)}
ALONE = BY_WINDOW | {"/calendarEvents": Reading("window")}
BESIDE = {WINDOW: Reading("window", FIRST)}
WEEK = (date(2026, 9, 7), date(2026, 9, 13))


@pytest.fixture
def lessons(system):
    """Five lessons of a day, three of them with two register rows each."""
    hours = [f"2026-09-18T{hour:02}:00:00+02:00" for hour in range(8, 14)]
    system.rows["/calendarEvents"] = [
        a_lesson(str(number), startTime=start, endTime=end)
        for number, (start, end) in enumerate(itertools.pairwise(hours))
    ]
    system.rows["/attendances"] = [
        an_attendance(f"{number} {pupil}", calendarEvent={"id": an_id(f"lesson {number}")})
        for number in range(3)
        for pupil in "ab"
    ]
    return system


def registers(tables):
    return sorted((row["attendance_id"], row["lesson_id"]) for row in tables["attendances"])


def truth(system):
    return sorted((row["id"], row["calendarEvent"]["id"]) for row in system.rows["/attendances"])


def test_registers_come_inside_their_lessons(lessons, read_all):
    lessons.expands = True
    assert registers(read_all(readings=BY_WINDOW)) == truth(lessons)
    assert not lessons.requests_of("/attendances")


def test_a_register_row_inside_a_lesson_is_of_that_lesson(lessons, read_all):
    inside = an_attendance("x", calendarEvent={"id": an_id("another lesson")})
    lesson = a_lesson("0") | {"_embedded": {"attendance": [inside]}}
    # The first walk reads lessons by time of change, the second the window.
    lessons.rows["/calendarEvents"] = [lesson]
    assert registers(read_all(readings=BY_WINDOW)) == [(inside["id"], an_id("lesson 0"))]


def test_expand_is_sent_again_with_a_page_token_that_needs_filters(lessons, read_all):
    lessons.expands = True
    lessons.wanted_filters = "always"
    read_all(readings=ALONE, resend_filters="required_only", page_size=20)
    assert [request.get("expand") for request in lessons.requests_of("/calendarEvents")] == ["attendance"] * 3


def test_registers_of_lessons_that_came_without_are_looked_up(lessons, read_all):
    """A page token may forget `expand`, and a lesson without a register may come without the field."""
    lessons.expands = True
    lessons.most_looked_up = 10
    lessons.misbehave_once("/calendarEvents", json_answer({"data": lessons.rows["/calendarEvents"][2:]}), on_page=3)
    assert registers(read_all(readings=ALONE, page_size=20)) == truth(lessons)
    assert len(lessons.lookups) == 1


def test_lessons_with_registers_are_asked_for_on_smaller_pages(lessons, read_all):
    lessons.expands = True
    read_all(readings=ALONE, page_size=500)
    assert [request.get("limit") for request in lessons.requests_of("/calendarEvents")] == ["50"]


@pytest.mark.parametrize("spelling", ["calendareEvents", "calendarEvents"])
def test_registers_are_looked_up_where_expand_is_ignored(lessons, read_all, spelling):
    lessons.most_looked_up = 10
    lessons.lesson_key = spelling
    assert registers(read_all(readings=BY_WINDOW)) == truth(lessons)


def test_a_lookup_is_halved_until_the_server_bears_it(lessons, read_all):
    lessons.most_looked_up = 1
    assert registers(read_all(readings=BY_WINDOW)) == truth(lessons)
    assert {len(asked["calendareEvents"]) for asked in lessons.lookups} == {1}


def test_a_lookup_that_no_size_suits_is_a_busy_source(lessons, read_all):
    def misbehaviour(request):
        return Answer(413) if request.path == "/attendances/lookup" else None

    lessons.misbehaviours.append(misbehaviour)
    with pytest.raises(SourceError, match="/attendances/lookup"):
        read_all(readings=BY_WINDOW)


def test_a_lookup_that_answers_in_an_envelope_is_understood(lessons, read_all):
    rows = {"data": lessons.rows["/attendances"]}
    lessons.misbehaviours.append(lambda request: json_answer(rows) if request.path == "/attendances/lookup" else None)
    assert registers(read_all(readings=BY_WINDOW)) == truth(lessons)


def test_a_lookup_that_gives_other_lessons_is_refused(lessons, read_all):
    rows = [an_attendance(calendarEvent={"id": an_id("another lesson")})]
    lessons.misbehaviours.append(lambda request: json_answer(rows) if request.path == "/attendances/lookup" else None)
    with pytest.raises(SourceShapeError, match="rows of other lessons than asked for"):
        read_all(readings=BY_WINDOW)


@pytest.mark.usefixtures("lessons")
def test_lessons_without_any_way_to_their_registers_are_refused(read_all):
    with pytest.raises(SourceShapeError, match="lessons come without their registers"):
        read_all(readings=BY_WINDOW)


def test_lessons_without_registers_are_no_fault(lessons, read_all):
    lessons.expands = True
    lessons.rows["/attendances"] = []
    assert read_all(readings=BY_WINDOW)["attendances"] == []


def test_the_span_of_the_window_is_asked_for(lessons, read_all):
    lessons.expands = True
    read_all(readings=BY_WINDOW)
    asked = next(request for request in lessons.requests_of("/calendarEvents") if request.get("expand"))
    assert asked.get("startTime.onOrAfter") == "2026-09-01T00:00:00Z"
    assert asked.get("startTime.onOrBefore") == "2026-09-19T01:00:00Z"
    assert asked.get("meta.modified.after") is None


def test_a_window_without_a_beginning_is_the_school_year(lessons, read_all):
    lessons.expands = True
    read_all(readings=BY_WINDOW | {WINDOW: Reading("window", None)})
    asked = next(request for request in lessons.requests_of("/calendarEvents") if request.get("expand"))
    assert asked.get("startTime.onOrAfter") == "2026-07-31T22:00:00Z"


def test_lessons_outside_the_window_are_refused(lessons, read_all):
    lessons.rows["/calendarEvents"] = [
        a_lesson(startTime="2026-08-20T08:00:00+02:00", endTime="2026-08-20T09:00:00+02:00")
    ]
    with pytest.raises(SourceShapeError, match="outside the asked span of startTime"):
        read_all(readings=BY_WINDOW)


def test_what_has_landed_tonight_is_not_landed_again_by_the_window(lessons, opened, read_all):
    lessons.expands = True
    beside = read_all(readings=BESIDE)
    assert len(registers(beside)) == 2 * len(truth(lessons))

    landed = {"lessons": [], "attendances": []}
    connector = opened()
    connector.kept = lambda _path, entity, columns: [
        batch.select([columns[0], "source_modified_at"]) for batch in landed[entity]
    ]
    readings = {"/deletedEntities": Reading("cursor", None), **BESIDE}
    for step in connector.read(readings, datetime(2026, 9, 19, 1, tzinfo=UTC), (date(2026, 8, 1), date(2027, 6, 30))):
        if not isinstance(step, Mark) and step.entity in landed:
            landed[step.entity].append(step.batch)
    for entity, rows in landed.items():
        ids = [each for batch in rows for each in batch.column(0).to_pylist()]
        assert len(ids) == len(set(ids)) > 0, entity


def a_sum(pupil="pupil", activity="activity", **changes):
    row = {
        "activity": {"id": an_id(activity)},
        "student": {"id": an_id(pupil), "securityMarking": "Ingen"},
        "startDate": "2026-09-07",
        "endDate": "2026-09-13",
        "attendanceSum": 200,
        "validAbsenceSum": 40,
        "reportedSum": 240,
        "offeredSum": 240,
    }
    return row | changes


def test_sums_are_asked_for_week_by_week(system, read_all):
    system.rows["/aggregatedAttendance"] = []
    read_all(control_span=(date(2026, 9, 7), date(2026, 9, 20)))
    spans = [(asked.get("startDate"), asked.get("endDate")) for asked in system.requests_of("/aggregatedAttendance")]
    assert spans == [("2026-09-07", "2026-09-13"), ("2026-09-14", "2026-09-20")]


def test_sums_are_landed_under_the_week_that_was_asked_for(system, read_all):
    system.rows["/aggregatedAttendance"] = [a_sum(startDate="2026-09-08")]
    (row,) = read_all(control_span=WEEK)["aggregated_attendances"]
    assert len(row.pop("person_id")) == 32
    assert row == {
        "activity_id": an_id("activity"),
        "start_date": date(2026, 9, 7),
        "end_date": date(2026, 9, 13),
        "attended_minutes": 200,
        "valid_absence_minutes": 40,
        "invalid_absence_minutes": None,
        "other_attendance_minutes": None,
        "reported_minutes": 240,
        "offered_minutes": 240,
        "is_protected": False,
        "source_modified_at": None,
    }


def test_a_sum_that_comes_on_two_pages_counts_once(system, read_all):
    system.rows["/aggregatedAttendance"] = [a_sum("p"), a_sum("q"), a_sum("q"), a_sum("q", "other")]
    assert len(read_all(control_span=WEEK)["aggregated_attendances"]) == 3


@pytest.mark.parametrize(
    "rows",
    [
        [a_sum(startDate="2026-08-17")],
        [a_sum(endDate="2026-12-20")],
        [a_sum(attendanceSum="kanarie")],
        [{"activity": {"id": "x"}}],
    ],
)
def test_sums_that_prove_nothing_are_left_out_and_stop_nothing(system, opened, read_all, rows):
    system.rows["/aggregatedAttendance"] = rows
    connector = opened()
    assert read_all(connector=connector, control_span=WEEK)["aggregated_attendances"] == []
    assert "/aggregatedAttendance" in connector.not_served


@pytest.mark.parametrize("status", [403, 404])
def test_a_source_without_sums_is_read_all_the_same(system, opened, read_all, status):
    system.misbehave_once("/aggregatedAttendance", Answer(status), times=9)
    connector = opened()
    assert read_all(connector=connector, control_span=WEEK)["aggregated_attendances"] == []
    assert connector.not_served == {"/aggregatedAttendance"}
