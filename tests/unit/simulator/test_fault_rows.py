"""Faults over HTTP: what rows look like, what a server knows, and how it tells deletions."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta

import pytest
from simulator_wire import LISTS, bearer, walk

from narvaro.simulator import Fault

SOURCE = "1080-karlskrona"


@pytest.fixture
def rows(client):
    """Reads every row of a list."""
    headers = bearer(client, SOURCE)

    def rows(resource, **filters):
        return walk(client, headers, SOURCE, resource, {**LISTS.get(resource, {}), **filters})

    return rows


@pytest.fixture
def told(client):
    """Reads what is told deleted."""
    headers = bearer(client, SOURCE)

    def told(**filters):
        answer = client.get(f"/{SOURCE}/v2.0/deletedEntities", params={"limit": 20_000, **filters}, headers=headers)
        assert answer.status_code == 200
        return answer.json()["data"]

    return told


def by_id(rows):
    return {row["id"]: row for row in rows}


def texts(value):
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in texts(inner)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize(("shape", "zone"), [("local", "+02:00"), ("utc", "+00:00")])
def test_times_come_without_offset(rows, plant, shape, zone):
    whole = by_id(rows("calendarEvents"))
    plant(kind="naive_times", shape=shape)
    for row in rows("calendarEvents", limit=50)[:50]:
        for name in ("startTime", "endTime"):
            assert datetime.fromisoformat(row[name]).tzinfo is None
            assert datetime.fromisoformat(row[name] + zone) == datetime.fromisoformat(whole[row["id"]][name])
        assert datetime.fromisoformat(row["meta"]["modified"]).tzinfo is None


def test_meta_alone_can_be_without_offset(rows, plant):
    plant(kind="naive_times", fields=["created", "modified"])
    row = rows("calendarEvents")[0]
    assert datetime.fromisoformat(row["meta"]["created"]).tzinfo is None
    assert datetime.fromisoformat(row["startTime"]).tzinfo is not None


def test_microseconds_stay_within_what_the_filters_mean(rows, plant):
    plant(kind="microseconds")
    span = {"meta.modified.after": "2026-09-10T09:00:00+02:00", "meta.modified.before": "2026-09-10T12:00:00+02:00"}
    first, last = (datetime.fromisoformat(moment) for moment in span.values())
    moments = [datetime.fromisoformat(row["meta"]["modified"]) for row in rows("attendances", **span)]
    assert moments
    assert all(first < moment <= last for moment in moments)
    assert any(moment.microsecond for moment in moments)


def test_meta_and_attributes_are_missing(rows, plant):
    plant(Fault(source=SOURCE, kind="no_meta", resource="grades"), kind="stripped", fields=["sex", "enrolments"])
    assert all("meta" not in row for row in rows("grades"))
    people = rows("persons")
    assert all("meta" in row for row in people)
    assert not any({"sex", "enrolments"} & set(row) for row in people)


def test_fields_of_no_document_come_along(rows, plant):
    plain = by_id(rows("groups"))
    plant(kind="extra_fields")
    row = rows("groups")[0]
    assert set(row) > set(plain[row["id"]])


def test_values_outside_the_document_come_in_a_share_of_rows(rows, plant):
    plant(kind="unknown_enum", share=0.2)
    values = [row["gradeValue"] for row in rows("grades")]
    known = {"A", "B", "C", "D", "E", "F", "-"}
    assert 0.1 < sum(value not in known for value in values) / len(values) < 0.3


def test_letters_come_decomposed(rows, plant):
    plain = by_id(rows("activities"))
    plant(kind="decomposed")
    found = by_id(rows("activities"))
    assert found != plain
    together = {text: unicodedata.normalize("NFC", text) for row in found.values() for text in texts(row)}
    assert any(text != composed for text, composed in together.items())
    assert {t for row in plain.values() for t in texts(row)} == set(together.values())


@pytest.mark.parametrize(
    ("shape", "pattern"), [("plain", "12"), ("dashed", "8-4"), ("short", "6-4"), ("plus", "6+4"), ("mixed", None)]
)
def test_civic_numbers_are_spelled_in_four_ways(client, plant, shape, pattern):
    found = {}
    for source in ("1060-olofstrom", "1080-karlskrona", "1082-karlshamn"):
        plant(Fault(source=source, kind="civic_spelling", shape=shape))
        people = walk(client, bearer(client, source), source, "persons", LISTS["persons"])
        for number in [row["civicNo"]["value"] for row in people if "civicNo" in row]:
            mark = next((mark for mark in "-+" if mark in number), "")
            found.setdefault(mark.join(str(len(part)) for part in (number.split(mark) if mark else [number])), number)
    assert set(found) == ({pattern} if pattern else {"12", "8-4", "6-4"})


def test_spelling_keeps_the_number(rows, plant):
    def numbers():
        return {row["id"]: row["civicNo"]["value"].replace("-", "") for row in rows("persons") if "civicNo" in row}

    plain = numbers()
    plant(kind="civic_spelling", shape="plain")
    assert all(number.endswith(plain[key]) for key, number in numbers().items())


def test_names_come_unasked(rows, plant):
    plant(kind="names_unasked")
    assert all("displayName" in row["student"] for row in rows("attendances"))
    plant(kind="protected_complete")
    found = rows("attendances")
    marked = [row["student"] for row in found if "securityMarking" in row["student"]]
    assert marked
    assert all("displayName" in student for student in marked)
    assert all(("displayName" in row["student"]) == ("securityMarking" in row["student"]) for row in found)


def test_protected_pupils_come_in_three_ways(client, simulator):
    def marked(resource):
        found = []
        for source in ("1060-olofstrom", "1080-karlskrona", "1082-karlshamn"):
            found += walk(client, bearer(client, source), source, resource, LISTS[resource])
        people = [row.get("student", row) for row in found]
        return [row for row in people if row.get("securityMarking", "Ingen") != "Ingen"]

    complete = marked("persons")
    assert all("givenName" in row and "emails" in row for row in complete)
    simulator.servers.faults = (Fault(source="*", kind="protected_nameless"),)
    assert len(marked("persons")) == len(complete) > 0
    assert not any("givenName" in row or "familyName" in row for row in marked("persons"))
    simulator.servers.faults = (Fault(source="*", kind="protected_omitted"),)
    assert marked("persons") == []
    assert {row["id"] for row in complete} & {row["id"] for row in marked("attendances")}


def test_version_2_0_demands_other_fields(rows, plant):
    plant(kind="version_2_0")
    assert not any("meta" in row for name in ("persons", "groups", "activities", "grades") for row in rows(name))
    assert all("meta" in row and "attendanceMinutes" in row for row in rows("attendances"))


def test_embedded_rows_are_distorted_as_their_own_resource(rows, plant):
    day = {"startTime.onOrBefore": "2026-08-18T00:00:00+02:00", "expand": "attendance"}
    plant(kind="no_meta", resource="attendances")
    lessons = rows("calendarEvents", **day)
    embedded = [row for lesson in lessons for row in lesson["_embedded"]["attendance"]]
    assert embedded
    assert all("meta" in lesson for lesson in lessons)
    assert not any("meta" in row for row in embedded)


def test_lessons_are_modified_at_their_start(rows, plant):
    plant(kind="modified_is_start")
    lessons = rows("calendarEvents")
    assert all(row["meta"]["modified"] == row["startTime"] for row in lessons)
    known = rows("calendarEvents", **{"meta.modified.before": "2026-09-19T03:00:00+02:00"})
    assert 0 < len(known) < len(lessons)


@pytest.mark.parametrize("shape", ["told", "untold"])
def test_a_mass_of_rows_is_deleted(rows, told, plant, shape):
    before = by_id(rows("attendances"))
    plant(kind="mass_deletion", shape=shape, share=0.3)
    after = by_id(rows("attendances"))
    gone = before.keys() - after.keys()
    assert 0.2 < len(gone) / len(before) < 0.4
    assert not after.keys() - before.keys()
    news = set(told(after="2026-09-18T00:00:00Z")["attendances"])
    assert gone <= news if shape == "told" else not gone & news
    sums = rows("aggregatedAttendance", startDate="2026-08-17", endDate="2026-09-20")
    assert sum(row["attendanceSum"] for row in sums) == sum(row.get("attendanceMinutes", 0) for row in after.values())


def test_lessons_take_their_rows_with_them(rows, told, plant):
    plant(kind="mass_deletion", resource="calendarEvents")
    lessons = by_id(rows("calendarEvents"))
    assert {row["calendarEvent"]["id"] for row in rows("attendances")} <= lessons.keys()
    data = told()
    assert len(data["calendarEvents"]) > 100
    assert len(data["attendances"]) > 1000


def test_mass_deletion_begins_at_its_moment(simulator, small_world, rows, told, plant):
    first, second = small_world.night_bound(1), small_world.night_bound(2)
    plant(kind="mass_deletion", active_from=second - timedelta(hours=1))
    before = len(rows("attendances"))
    simulator.set_clock(second)
    assert len(rows("attendances")) < before * 0.7
    assert len(told(after=first.isoformat())["attendances"]) > before * 0.3
    assert len(told(after=(second - timedelta(hours=1)).isoformat())["attendances"]) == 0


def test_units_vanish_with_all_that_is_theirs(rows, told, plant):
    names = ("organisations", "persons", "groups", "activities", "calendarEvents", "attendances", "absences", "grades")
    before = {name: by_id(rows(name)) for name in names}
    news = told()
    plant(kind="narrowed")
    after = {name: by_id(rows(name)) for name in names}
    assert all(0 < len(after[name]) < len(before[name]) for name in names)
    assert told() == news
    assert {row["calendarEvent"]["id"] for row in after["attendances"].values()} <= after["calendarEvents"].keys()
    kept = {place["enroledAt"]["id"] for person in after["persons"].values() for place in person["enrolments"]} & after[
        "organisations"
    ].keys()
    assert kept == {key for key, row in after["organisations"].items() if row["organisationType"] == "Skolenhet"}
    plant(kind="narrowed", share=1)
    assert [len(rows(name)) for name in names] == [1, 0, 0, 0, 0, 0, 0, 0]


def test_living_rows_are_told_deleted(rows, told, plant):
    plant(kind="readded", rows=4)
    living = by_id(rows("attendances"))
    news = {"meta.modified.after": "2026-09-17T00:00:00Z"}
    doubtful = [one for one in told(after="2026-09-17T00:00:00Z")["attendances"] if one in living]
    assert len(doubtful) == 4
    assert set(doubtful) <= by_id(rows("attendances", **news)).keys()
    plant(kind="readded", shape="unchanged", rows=4)
    doubtful = [one for one in told(after="2026-09-17T00:00:00Z")["attendances"] if one in living]
    assert len(doubtful) == 4
    assert not set(doubtful) & by_id(rows("attendances", **news)).keys()


def test_republished_lessons_have_new_ids_and_the_same_rows(simulator, small_world, rows, told, plant):
    second = small_world.night_bound(2)
    simulator.set_clock(second)
    lessons, registers = by_id(rows("calendarEvents")), by_id(rows("attendances"))
    plant(kind="republished", share=0.3, active_from=second - timedelta(hours=8))
    new_lessons, new_registers = by_id(rows("calendarEvents")), by_id(rows("attendances"))
    assert len(new_lessons) == len(lessons)
    assert new_registers.keys() == registers.keys()
    old, new = lessons.keys() - new_lessons.keys(), new_lessons.keys() - lessons.keys()
    assert len(old) == len(new) > 100
    assert old <= set(told(after=small_world.night_bound(1).isoformat())["calendarEvents"])
    moved = {key for key, row in registers.items() if row["calendarEvent"]["id"] in old}
    since = {"meta.modified.after": (second - timedelta(hours=9)).isoformat()}
    assert moved <= by_id(rows("attendances", **since)).keys()
    assert new <= by_id(rows("calendarEvents", **since)).keys()
    assert {new_registers[key]["calendarEvent"]["id"] for key in moved} <= new
    minutes = ("attendanceMinutes", "validAbsenceMinutes", "invalidAbsenceMinutes")
    assert all(registers[key].get(name) == new_registers[key].get(name) for key in moved for name in minutes)


def test_rows_are_committed_after_they_changed(simulator, small_world, rows, plant):
    noon = small_world.night_bound(2) - timedelta(hours=15)
    simulator.set_clock(noon)
    whole = by_id(rows("attendances"))
    plant(kind="late_commits", seconds=7200)
    early = by_id(rows("attendances"))
    late = whole.keys() - early.keys()
    assert late
    simulator.set_clock(noon + timedelta(hours=3))
    since = by_id(rows("attendances", **{"meta.modified.after": noon.isoformat()}))
    assert late - since.keys()
    reaching_back = by_id(rows("attendances", **{"meta.modified.after": (noon - timedelta(hours=2)).isoformat()}))
    assert late <= reaching_back.keys()


def test_old_deletions_are_forgotten(simulator, small_world, told, plant):
    simulator.set_clock(small_world.night_bound(2))
    whole = told()["attendances"]
    plant(kind="pruned_deletions")
    kept = told()["attendances"]
    assert set(kept) < set(whole)
    assert kept


@pytest.fixture
def second_night(simulator, small_world):
    """Puts the clock to the second night, which brings deletions."""
    simulator.set_clock(small_world.night_bound(2))


@pytest.mark.usefixtures("second_night")
@pytest.mark.parametrize(
    ("shape", "types"),
    [
        ("singular", {"Attendance", "CalendarEvent"}),
        ("plural", {"attendances", "calendarEvents"}),
        ("lower", {"attendance", "calendarevent"}),
    ],
)
def test_deletions_are_a_flat_list(told, plant, shape, types):
    some = Fault(source=SOURCE, kind="mass_deletion", resource="calendarEvents", share=0.1)
    plant(some)
    whole = told()
    plant(some, kind="flat_deletions", shape=shape)
    flat = told()
    assert {entry["entityType"] for entry in flat} == types
    assert {entry["id"] for entry in flat} == {*whole["attendances"], *whole["calendarEvents"]}
    assert all(datetime.fromisoformat(entry["deletedAt"]).tzinfo for entry in flat)


@pytest.mark.usefixtures("second_night")
@pytest.mark.parametrize(
    ("shape", "data"),
    [
        ("empty", {"attendances": [], "calendarEvents": []}),
        ("missing", {}),
        ("null", {"attendances": None, "calendarEvents": None}),
    ],
)
def test_deletions_are_never_told(told, plant, shape, data):
    plant(kind="no_deletions", shape=shape)
    assert told() == data
