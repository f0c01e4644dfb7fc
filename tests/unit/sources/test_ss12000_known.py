"""What a probe found goes into how a server is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from school_system import MODIFIED, Answer, an_attendance, an_id

from narvaro.errors import SourceDeniedError, SourceShapeError
from narvaro.sources.ss12000.known import Known

SINCE = {"attendances": datetime(2026, 9, 18, tzinfo=UTC)}


def known(resources=None, **facts):
    return Known.of({"resources": resources or {}, **facts})


def changed(hours):
    moment = datetime(2026, 9, 18, tzinfo=UTC) + timedelta(hours=hours)
    return an_attendance(str(hours), meta={"modified": moment.isoformat()})


def test_an_unknown_server_is_taken_at_its_standards_word():
    nothing = Known.of(None)
    assert (nothing.expected, nothing.absent) == (frozenset(), frozenset())
    assert nothing.why_not_by_change("/grades") is None
    assert nothing.gives_registers_by_lesson is None
    assert nothing.is_usable("/anything")


def test_a_server_that_ignores_offsets_is_asked_for_hours_more(system, opened, read_all):
    """It takes our UTC for local time, and so both ends of the span for two hours earlier."""
    connector = opened()
    connector.slack = known(filter_offsets="ignored").slack
    system.rows["/attendances"] = [changed(-2), changed(12), changed(26)]
    assert len(read_all(SINCE, connector=connector)["attendances"]) == 3
    (request,) = system.requests_of("/attendances")[:1]
    assert request.get("meta.modified.after") == "2026-09-17T20:45:00Z"
    assert request.get("meta.modified.before") == "2026-09-19T04:00:00Z"


@pytest.mark.parametrize("hours", [-7, 32])
def test_a_server_that_ignores_the_filter_is_not_taken_for_one_that_ignores_offsets(system, opened, read_all, hours):
    connector = opened()
    connector.slack = known(filter_offsets="ignored").slack
    system.rows["/attendances"] = [changed(hours)]
    with pytest.raises(SourceShapeError, match="outside the asked span"):
        read_all(SINCE, connector=connector)


@pytest.mark.parametrize(("times", "hours"), [("offset", 0), ("naive", 3), ("mixed", 3)])
def test_a_server_that_minds_offsets_is_asked_to_the_second(times, hours):
    found = known({"/grades": {"access": "served", "modified_times": times}}, filter_offsets="honoured")
    assert found.slack == found.least_overlap == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("deletions", "is_expected", "is_absent"),
    [("lists", True, False), ("empty", True, False), ("not_served", False, True), ("failing", False, False)],
)
def test_deletions_are_expected_where_they_were_told(deletions, is_expected, is_absent):
    found = known(deletions=deletions)
    assert ("/deletedEntities" in found.expected) is is_expected
    assert ("/deletedEntities" in found.absent) is is_absent


def test_lists_are_expected_where_they_were_served():
    found = known({"/grades": {"access": "empty"}, "/absences": {"access": "forbidden"}})
    assert found.expected == {"/grades"}
    assert found.absent == {"/absences"}


def test_a_list_that_was_served_may_not_fall_silent(system, opened, read_all):
    connector = opened()
    connector.expected = known({"/grades": {"access": "served"}}).expected
    del system.rows["/grades"]
    with pytest.raises(SourceShapeError, match="/grades answered 404"):
        read_all(connector=connector)


def test_a_list_that_is_known_not_to_be_for_us_stops_no_night(system, opened, read_all):
    system.misbehave_once("/grades", Answer(403), times=99)
    connector = opened()
    connector.absent = known({"/grades": {"access": "forbidden"}}).absent
    assert read_all(connector=connector)["grades"] == []
    assert connector.not_served == {"/grades"}


def test_a_list_that_is_suddenly_not_for_us_stops_the_night(system, opened, read_all):
    system.misbehave_once("/grades", Answer(403), times=99)
    connector = opened()
    connector.expected = known({"/grades": {"access": "served"}}).expected
    with pytest.raises(SourceDeniedError, match="/grades answered 403"):
        read_all(connector=connector)


def test_a_list_that_was_not_there_for_the_probe_is_read_when_it_is(system, opened, read_all):
    grade = {
        "student": {"id": an_id("p")},
        "syllabus": {"id": an_id("s")},
        "registeredDate": "2026-06-10",
        "gradeValue": "C",
    }
    system.rows["/grades"] = [{"id": an_id("g"), "meta": {"modified": MODIFIED}, **grade}]
    connector = opened()
    connector.absent = known({"/grades": {"access": "not_served"}}).absent
    assert len(read_all(connector=connector)["grades"]) == 1


def test_pages_are_smaller_than_what_was_too_large():
    assert known(too_large=1000).page_size == 500
    assert known().page_size is None
