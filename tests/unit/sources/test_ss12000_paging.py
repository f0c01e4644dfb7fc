"""Walks over real HTTP: whole, or an error; never a silent end."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from school_system import Answer, a_lesson, a_person, an_attendance, an_id, json_answer

from narvaro.errors import SourceShapeError
from narvaro.sources import ENTITIES
from narvaro.sources.ss12000.paging import Question

MANY = [an_attendance(str(number)) for number in range(5)]


def pages_of(system, path):
    """The requests for pages; after a long walk a single row is asked for, to see whether the list has moved."""
    return [request for request in system.requests_of(path) if request.get("limit") != "1"]


def ids(rows):
    return [row["attendance_id"] for row in rows]


def test_every_entity_comes_even_from_an_empty_source(read_all):
    tables = read_all()
    assert set(tables) == set(ENTITIES)
    assert not any(tables.values())


def test_a_walk_includes_the_last_page(system, read_all):
    system.rows["/attendances"] = MANY
    assert ids(read_all()["attendances"]) == [row["id"] for row in MANY]


def test_a_page_that_is_exactly_full_is_not_followed_by_another(system, read_all):
    system.rows["/attendances"] = MANY[:4]
    assert len(read_all()["attendances"]) == 4
    assert len(pages_of(system, "/attendances")) == 2


def test_the_second_page_is_asked_for_by_token_and_limit_alone(system, read_all):
    system.rows["/attendances"] = MANY[:3]
    read_all({"attendances": datetime(2026, 9, 18, tzinfo=UTC)})
    first, second = pages_of(system, "/attendances")
    assert {name for name, _ in first.parameters} == {"meta.modified.after", "meta.modified.before", "limit"}
    assert {name for name, _ in second.parameters} == {"pageToken", "limit"}


def test_the_span_reaches_back_by_the_overlap_and_is_written_in_utc(system, read_all):
    read_all({"attendances": datetime(2026, 9, 18, 3, tzinfo=UTC)}, overlap_minutes=20)
    (request,) = system.requests_of("/attendances")
    assert request.get("meta.modified.after") == "2026-09-18T02:40:00Z"
    assert request.get("meta.modified.before") == "2026-09-19T01:00:00Z"


def test_a_first_read_has_no_beginning(system, read_all):
    read_all()
    assert system.requests_of("/attendances")[0].get("meta.modified.after") is None
    assert not system.requests_of("/deletedEntities")


def test_pupils_are_read_from_the_earlier_of_their_two_cursors(system, read_all):
    late = datetime(2026, 9, 18, tzinfo=UTC)
    read_all({"pupils": late, "enrolments": late - timedelta(days=1)}, overlap_minutes=0)
    assert system.requests_of("/persons")[0].get("meta.modified.after") == "2026-09-17T00:00:00Z"


def test_required_filters_are_tried_and_left_out_when_a_token_must_come_alone(system, read_all):
    system.rows["/calendarEvents"] = [a_lesson(str(number)) for number in range(5)]
    assert len(read_all()["lessons"]) == 5
    requests = pages_of(system, "/calendarEvents")
    # One page, one refused with the filters, then tokens alone.
    assert [request.get("startTime.onOrAfter") is not None for request in requests] == [True, True, False, False]


def test_filters_are_repeated_when_a_server_refuses_the_token_alone(system, read_all):
    system.wanted_filters = "always"
    system.rows["/attendances"] = MANY
    assert len(read_all()["attendances"]) == 5


def test_a_source_may_be_told_to_repeat_all_filters(system, read_all):
    system.wanted_filters = "always"
    system.rows["/attendances"] = MANY
    read_all(extra={"resend_filters": "always"})
    assert all(request.get("meta.modified.before") for request in pages_of(system, "/attendances"))
    assert len(pages_of(system, "/attendances")) == 3


def test_a_token_that_repeats_is_refused(system, read_all):
    system.misbehaviours.append(
        lambda request: (
            json_answer({"data": [an_attendance(str(len(system.requests)))], "pageToken": "again"})
            if request.path == "/attendances"
            else None
        )
    )
    with pytest.raises(SourceShapeError, match="token of page 2 came before"):
        read_all()


def test_the_same_page_under_ever_new_tokens_is_refused(system, read_all):
    system.misbehaviours.append(
        lambda request: (
            json_answer({"data": MANY[:2], "pageToken": str(len(system.requests))})
            if request.path == "/attendances"
            else None
        )
    )
    with pytest.raises(SourceShapeError, match="only rows of earlier pages"):
        read_all()


def test_pages_without_end_are_refused(system, opened, read_all):
    system.misbehaviours.append(
        lambda request: (
            json_answer({"data": [], "pageToken": str(len(system.requests))})
            if request.path == "/attendances"
            else None
        )
    )
    connector = opened()
    connector.reader.walker.most_pages = 20
    with pytest.raises(SourceShapeError, match="no end after 20 pages"):
        read_all(connector=connector)


@pytest.mark.parametrize("status", [410, 400, 404, 422])
def test_a_token_that_expires_begins_the_walk_anew_and_doubles_nothing(system, read_all, status):
    system.rows["/attendances"] = MANY
    system.misbehave_once("/attendances", json_answer({"code": "gone"}, status), on_page=3)
    assert sorted(ids(read_all()["attendances"])) == sorted(row["id"] for row in MANY)
    assert [request.token is None for request in pages_of(system, "/attendances")].count(True) == 2


def test_a_walk_begun_anew_asks_for_the_same_span(system, read_all):
    system.rows["/attendances"] = MANY
    system.misbehave_once("/attendances", Answer(410), on_page=2)
    read_all({"attendances": datetime(2026, 9, 18, tzinfo=UTC)})
    firsts = [request.parameters for request in pages_of(system, "/attendances") if request.token is None]
    assert len(firsts) == 2
    assert firsts[0] == firsts[1]


def test_tokens_that_expire_again_and_again_are_never_the_end(system, read_all):
    system.rows["/attendances"] = MANY
    system.misbehaviours.append(
        lambda request: Answer(410) if request.path == "/attendances" and request.token else None
    )
    with pytest.raises(SourceShapeError, match="refused 2 times"):
        read_all()


def test_a_walk_begun_anew_gives_each_row_as_it_stands_now(system, read_all):
    older, newer = MANY[0], MANY[0] | {"meta": {"modified": "2026-09-18T11:00:00Z"}, "validAbsenceMinutes": 40}
    system.rows["/attendances"] = [older, *MANY[1:]]

    def expire(request):
        if request.path == "/attendances" and request.token and len(system.requests_of("/attendances")) == 2:
            system.rows["/attendances"] = [newer, *MANY[1:]]
            return Answer(410)
        return None

    system.misbehaviours.append(expire)
    rows = read_all()["attendances"]
    assert [row["valid_absence_minutes"] for row in rows if row["attendance_id"] == older["id"]] == [40]
    assert len(rows) == 5


OVERLAPPING = {None: ([0, 1, 2], "2"), "2": ([2, 3], "3"), "3": ([3, 4], None)}


def overlap(system, walks):
    """Cut pages that overlap, in so many walks; after those as always."""
    begun = []

    def answer(request):
        if request.path != "/attendances" or request.get("limit") == "1":
            return None
        if request.token is None:
            begun.append(request)
        if len(begun) > walks:
            return None
        numbers, token = OVERLAPPING[request.token]
        return json_answer({"data": [MANY[number] for number in numbers], "pageToken": token})

    system.rows["/attendances"] = MANY
    system.misbehaviours.append(answer)
    return begun


def test_rows_that_slide_to_the_next_page_are_given_once_and_the_list_is_walked_again(system, read_all):
    begun = overlap(system, walks=1)
    assert ids(read_all()["attendances"]) == [row["id"] for row in MANY]
    assert len(begun) == 2


def test_pages_that_overlap_in_every_walk_are_refused_for_other_rows_may_be_on_none(system, read_all):
    overlap(system, walks=100)
    with pytest.raises(SourceShapeError, match="2 rows come on two pages of every walk"):
        read_all()


def test_a_first_page_outside_the_span_is_refused(system, read_all):
    system.rows["/attendances"] = [an_attendance(meta={"modified": "2026-09-19T01:00:01Z"})]
    with pytest.raises(SourceShapeError, match="ignores the filter"):
        read_all()


def test_a_later_page_outside_the_span_names_the_remedy(system, read_all):
    system.rows["/attendances"] = [*MANY[:2], an_attendance("old", meta={"modified": "2026-01-01T00:00:00Z"})]
    with pytest.raises(SourceShapeError, match=r"page 2 .* resend_filters"):
        read_all({"attendances": datetime(2026, 9, 18, 3, tzinfo=UTC)})


def test_the_span_excludes_its_beginning_and_includes_its_end(system, read_all):
    system.rows["/attendances"] = [an_attendance(meta={"modified": "2026-09-19T03:00:00+02:00"})]
    assert len(read_all()["attendances"]) == 1
    system.rows["/attendances"] = [an_attendance(meta={"modified": "2026-09-18T02:00:00Z"})]
    with pytest.raises(SourceShapeError, match="outside the asked span"):
        read_all({"attendances": datetime(2026, 9, 18, 2, tzinfo=UTC)}, overlap_minutes=0)


def test_lessons_outside_the_asked_school_year_are_refused(system, read_all):
    system.rows["/calendarEvents"] = [
        a_lesson(startTime="2026-05-18T08:00:00+02:00", endTime="2026-05-18T09:00:00+02:00")
    ]
    with pytest.raises(SourceShapeError, match="startTime"):
        read_all()


def test_the_lessons_of_the_school_years_last_evening_are_within(system, read_all):
    system.rows["/calendarEvents"] = [
        a_lesson(startTime="2027-06-30T23:30:00+02:00", endTime="2027-07-01T00:30:00+02:00")
    ]
    assert len(read_all()["lessons"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        '{"pageToken": "t", "data": [ROW]}',
        '{"data": [ROW], "pageToken": "t"}\n',
        '{"data":[ROW] ,  "count": 1, "pageToken":"t"}',
        '\ufeff{"data": [ROW], "pageToken": "t]"}',
        '{"data": [ROW], "pageToken": 7, "links": []}',
        '{"pageToken": "t", "data": [ROW], "links": {"pageToken": null}}',
    ],
)
def test_a_token_is_found_wherever_it_stands(system, read_all, body):
    def odd(request):
        if request.path != "/attendances" or request.token:
            return None
        return Answer(200, body.replace("ROW", json.dumps(MANY[0])).encode(), {"Content-Type": "application/json"})

    system.misbehaviours.append(odd)
    system.misbehaviours.append(
        lambda request: json_answer({"data": [MANY[1]]}) if request.path == "/attendances" else None
    )
    assert len(read_all()["attendances"]) == 2


def test_pages_stop_being_fetched_when_the_reader_stops(system, opened):
    system.rows["/persons"] = [a_person(str(number)) for number in range(400)]
    connector = opened(page_size=1)
    reader = connector.reader.walker.walk(Question("/persons"))
    next(reader)
    reader.close()
    assert len(system.requests_of("/persons")) < 400


def test_ids_of_one_page_are_distinct(system, read_all):
    system.rows["/attendances"] = [MANY[0], MANY[0]]
    assert ids(read_all()["attendances"]) == [an_id("attendance 0")]
