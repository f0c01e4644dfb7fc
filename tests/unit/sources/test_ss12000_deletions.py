"""What a source tells deleted: in every shape, and never what lives all the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from school_system import MODIFIED, Answer, a_lesson, a_person, an_attendance, an_id, json_answer

from narvaro.errors import SourceShapeError
from narvaro.sources.ss12000.known import Known
from narvaro.sources.ss12000.lists import DELETED

SINCE = {"deletions": datetime(2026, 9, 18, tzinfo=UTC)}
BEFORE = "2026-09-17T22:00:00Z"
LONG_BEFORE = "2026-09-10T10:00:00Z"


def told(tables):
    return {(row["entity"], row["record_id"]) for row in tables["deletions"]}


def test_deletions_are_told_by_entity_with_keyed_people(system, read_all):
    system.rows["/deletedEntities"] = {
        "attendances": [an_id("a")],
        "calendarEvents": [an_id("l")],
        "activitites": [an_id("x")],
        "persons": [an_id("person p")],
        "rooms": [an_id("r")],
        "grades": None,
    }
    tables = read_all(SINCE)
    (pupil,) = (row["record_id"] for row in tables["deletions"] if row["entity"] == "pupils")
    assert told(tables) == {
        ("attendances", an_id("a")),
        ("lessons", an_id("l")),
        ("activities", an_id("x")),
        ("pupils", pupil),
    }
    assert pupil != an_id("person p")
    system.rows["/persons"], system.rows["/deletedEntities"] = [a_person()], {}
    assert read_all()["pupils"][0]["person_id"] == pupil


def test_every_deletion_says_that_the_source_told_it(system, read_all):
    system.rows["/deletedEntities"] = {"attendances": [an_id("a")], "grades": [an_id("g")]}
    assert {row["origin"] for row in read_all(SINCE)["deletions"]} == {"told"}


@pytest.mark.parametrize(
    ("kind", "entity"),
    [
        ("Attendance", "attendances"),
        ("attendances", "attendances"),
        ("CALENDAR_EVENT", "lessons"),
        ("calendarEvents", "lessons"),
        ("activities", "activities"),
        ("activitites", "activities"),
        ("Activity", "activities"),
        ("Absences", "absence_notices"),
        ("Organisation", "school_units"),
    ],
)
def test_every_spelling_of_a_kind_is_understood(system, read_all, kind, entity):
    system.rows["/deletedEntities"] = {kind: [an_id("x")]}
    lists = told(read_all(SINCE))
    flat = {"data": [{"entityType": kind, "id": an_id("x"), "deletedAt": MODIFIED}]}
    system.misbehave_once("/deletedEntities", json_answer(flat))
    assert told(read_all(SINCE)) == lists == {(entity, an_id("x"))}


def test_deletions_as_a_flat_list_keep_their_time(system, read_all):
    flat = [
        {"entityType": "Attendance", "id": an_id("a"), "deletedAt": MODIFIED},
        {"entityType": "Room", "id": an_id("r"), "deletedAt": MODIFIED},
    ]
    system.rows["/deletedEntities"] = flat
    (row,) = read_all(SINCE)["deletions"]
    assert (row["entity"], row["record_id"]) == ("attendances", an_id("a"))
    assert row["source_modified_at"] == datetime(2026, 9, 18, 10, tzinfo=UTC)


@pytest.mark.parametrize("data", [{}, [], None, {"attendances": None}, {"attendances": []}])
def test_nothing_deleted_is_no_deletion(system, read_all, data):
    system.misbehave_once("/deletedEntities", json_answer({"data": data}))
    assert read_all(SINCE)["deletions"] == []


def test_ids_may_come_as_objects(system, read_all):
    system.rows["/deletedEntities"] = {"grades": [{"id": an_id("g")}]}
    assert told(read_all(SINCE)) == {("grades", an_id("g"))}


def test_pages_of_deletions_are_put_together(system, read_all):
    system.misbehave_once("/deletedEntities", json_answer({"data": {"grades": [an_id("g")]}, "pageToken": "t"}))
    second = json_answer({"data": {"grades": [an_id("h")], "attendances": [an_id("a")]}})
    system.misbehave_once("/deletedEntities", second, on_page=1)
    assert told(read_all(SINCE)) == {("grades", an_id("g")), ("grades", an_id("h")), ("attendances", an_id("a"))}


def test_deletions_are_asked_for_before_the_lists(system, read_all):
    read_all(SINCE)
    paths = [request.path for request in system.requests]
    assert paths.index("/deletedEntities") < paths.index("/organisations")


@pytest.mark.parametrize("shape", ["lists", "flat"])
def test_a_record_that_was_added_again_the_same_night_is_not_deleted(system, read_all, shape):
    ids = {"attendance": [an_id("attendance a"), an_id("attendance b")], "person": [an_id("person p")]}
    flat = [{"entityType": kind, "id": each, "deletedAt": MODIFIED} for kind, some in ids.items() for each in some]
    system.rows["/deletedEntities"] = flat if shape == "flat" else {f"{kind}s": some for kind, some in ids.items()}
    if shape == "flat":
        system.misbehave_once("/deletedEntities", json_answer({"data": flat}))
    system.rows["/attendances"] = [an_attendance("a")]
    system.rows["/persons"] = [a_person("p")]
    assert told(read_all(SINCE)) == {("attendances", an_id("attendance b"))}


def test_a_told_id_whose_object_lives_is_not_deleted(system, read_all):
    """A server that ignores `after`, or brings an object back unchanged, tells what still stands."""
    system.most_looked_up = 10
    system.rows["/deletedEntities"] = {"calendarEvents": [an_id("lesson l"), an_id("lesson gone")]}
    unchanged = {"modified": "2026-08-20T10:00:00Z"}
    system.rows["/calendarEvents"] = [a_lesson("l", meta=unchanged)]
    system.misbehave_once("/calendarEvents", json_answer({"data": []}))
    assert told(read_all(SINCE | {"lessons": datetime(2026, 9, 18, tzinfo=UTC)})) == {("lessons", an_id("lesson gone"))}


def test_lookups_of_the_living_are_halved_until_the_server_bears_them(system, read_all):
    system.most_looked_up = 2
    gone = [an_id(str(number)) for number in range(9)]
    system.rows["/deletedEntities"] = {"grades": gone}
    assert told(read_all(SINCE)) == {("grades", each) for each in gone}
    assert sorted(each for asked in system.lookups for each in asked["ids"]) == sorted(gone)


def test_without_a_lookup_each_object_is_asked_for(system, read_all):
    system.has_single_objects = True
    system.rows["/deletedEntities"] = {"calendarEvents": [an_id("lesson l"), an_id("lesson gone")]}
    system.rows["/calendarEvents"] = [a_lesson("l")]
    system.misbehave_once("/calendarEvents", json_answer({"data": []}))
    assert told(read_all(SINCE)) == {("lessons", an_id("lesson gone"))}


def test_an_old_deletion_that_is_told_again_is_not_taken_for_a_new_one(system, read_all):
    old = [
        {"entityType": "Grade", "id": an_id("g"), "deletedAt": LONG_BEFORE},
        {"entityType": "Grade", "id": an_id("h"), "deletedAt": BEFORE},
        {"entityType": "Grade", "id": an_id("i"), "deletedAt": MODIFIED},
    ]
    system.rows["/deletedEntities"] = old
    assert told(read_all(SINCE)) == {("grades", an_id("i"))}


def test_a_late_deletion_stands_when_its_object_is_gone(system, read_all):
    system.most_looked_up = 10
    system.rows["/deletedEntities"] = [{"entityType": "Grade", "id": an_id("h"), "deletedAt": BEFORE}]
    assert told(read_all(SINCE)) == {("grades", an_id("h"))}


def test_nobody_is_asked_about_nothing(system, read_all):
    system.most_looked_up = 10
    read_all(SINCE)
    assert not system.lookups


def test_the_living_are_told_to_whoever_asks(system, opened):
    system.most_looked_up = 10
    system.rows["/attendances"] = [an_attendance("a")]
    asked = [an_id("attendance a"), an_id("attendance b")]
    assert opened().living("attendances", asked) == {an_id("attendance a")}


def test_too_many_objects_are_not_asked_for_one_by_one(system, opened):
    assert opened().living("attendances", [an_id(str(number)) for number in range(501)]) is None
    assert len(system.requests) < 5


def test_a_source_without_deletions_is_read_all_the_same(system, opened, read_all):
    del system.rows["/deletedEntities"]
    connector = opened()
    assert read_all(SINCE, connector=connector)["deletions"] == []
    assert connector.not_served == {"/deletedEntities"}


def test_deletions_that_were_served_before_may_not_fall_silent(system, opened, read_all):
    del system.rows["/deletedEntities"]
    connector = opened()
    connector.expected = frozenset({DELETED})
    with pytest.raises(SourceShapeError, match="/deletedEntities answered 404"):
        read_all(SINCE, connector=connector)


def test_deletions_that_are_known_not_to_be_for_us_stop_no_night(system, opened, read_all):
    system.misbehave_once("/deletedEntities", Answer(403), times=99)
    known = Known.of({"resources": {}, "deletions": "forbidden"})
    connector = opened()
    connector.absent = known.absent
    assert read_all(SINCE, connector=connector)["deletions"] == []


def test_the_told_error_shows_no_id(system, read_all):
    system.misbehave_once(
        "/deletedEntities", Answer(200, json.dumps({"data": {"persons": [{"x": "kanarie"}]}}).encode())
    )
    with pytest.raises(SourceShapeError, match="deletions are in no known shape") as caught:
        read_all(SINCE)
    assert "kanarie" not in str(caught.value)


@pytest.mark.parametrize(
    "data", [["kanarie"], {"attendances": [7]}, {"attendances": "kanarie"}, 3, [{"id": "kanarie"}]]
)
def test_deletions_in_no_known_shape_are_refused(system, read_all, data):
    system.misbehave_once("/deletedEntities", json_answer({"data": data}))
    with pytest.raises(SourceShapeError, match="deletions are in no known shape") as caught:
        read_all(SINCE)
    assert "kanarie" not in str(caught.value)
