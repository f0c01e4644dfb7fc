"""Objects by their ids, and sums per pupil and activity."""

from __future__ import annotations

import pytest
from simulator_wire import LISTS, WINDOW, bearer, walk

from narvaro.simulator.wire.lookup import RESOURCES

SOURCE = "1080-karlskrona"
WEEK = {"startDate": "2026-09-07", "endDate": "2026-09-13"}


@pytest.fixture
def headers(client):
    return bearer(client, SOURCE)


@pytest.fixture
def look_up(client, headers):
    def look_up(resource, **body):
        return client.post(f"/{SOURCE}/v2.0/{resource}/lookup", json=body, headers=headers)

    return look_up


@pytest.mark.parametrize("resource", RESOURCES)
def test_one_object_is_that_of_the_list(client, headers, look_up, resource):
    rows = walk(client, headers, SOURCE, resource, {k: v for k, v in LISTS[resource].items() if k != "expand"})
    for row in (rows[0], rows[-1]):
        assert client.get(f"/{SOURCE}/v2.0/{resource}/{row['id']}", headers=headers).json() == row
    asked = [rows[-1]["id"], rows[0]["id"], "8c0c1a5e-0000-4000-8000-000000000000"]
    found = look_up(resource, ids=asked).json()
    assert {row["id"]: row for row in found} == {row["id"]: row for row in (rows[0], rows[-1])}
    missing = client.get(f"/{SOURCE}/v2.0/{resource}/{asked[-1]}", headers=headers)
    assert (missing.status_code, missing.content) == (404, b"")


def test_rows_of_lessons_and_pupils_are_looked_up(client, headers, look_up):
    rows = walk(client, headers, SOURCE, "attendances")
    lessons = sorted({row["calendarEvent"]["id"] for row in rows})[:5]
    found = {row["id"] for row in look_up("attendances", calendareEvents=lessons).json()}
    assert found == {row["id"] for row in rows if row["calendarEvent"]["id"] in lessons}
    student = rows[7]["student"]["id"]
    found = {row["id"] for row in look_up("attendances", students=[student]).json()}
    assert found == {row["id"] for row in rows if row["student"]["id"] == student}


def test_units_people_and_lessons_are_looked_up_by_what_else_they_have(client, headers, look_up):
    unit = walk(client, headers, SOURCE, "organisations")[-1]
    assert look_up("organisations", schoolUnitCodes=[unit["schoolUnitCode"]]).json() == [unit]
    lessons = walk(client, headers, SOURCE, "calendarEvents", WINDOW)
    activity = lessons[0]["activity"]["id"]
    found = {row["id"] for row in look_up("calendarEvents", activities=[activity]).json()}
    assert found == {row["id"] for row in lessons if row["activity"]["id"] == activity}
    assert look_up("persons", civicNos=["190001010000"]).json() == []


@pytest.mark.parametrize("body", [{}, {"ids": "x"}, {"ids": [1]}, {"colours": []}, []])
def test_body_that_is_no_lookup_is_refused(client, headers, body):
    answer = client.post(f"/{SOURCE}/v2.0/attendances/lookup", json=body, headers=headers)
    assert answer.status_code == 400
    assert client.post(f"/{SOURCE}/v2.0/attendances/lookup", content=b"{", headers=headers).status_code == 400


def test_lookup_needs_a_token_and_a_known_resource(client, headers, look_up):
    assert client.post(f"/{SOURCE}/v2.0/attendances/lookup", json={"ids": []}).status_code == 401
    assert look_up("deletedEntities", ids=[]).status_code == 404
    assert look_up("studyplans", ids=[]).status_code == 404
    assert client.get(f"/{SOURCE}/v2.0/attendances/lookup", headers=headers).status_code == 404


def test_sums_are_those_of_the_rows(client, headers):
    lessons = {row["id"]: row for row in walk(client, headers, SOURCE, "calendarEvents", WINDOW)}
    rows = [
        row
        for row in walk(client, headers, SOURCE, "attendances")
        if WEEK["startDate"] <= lessons[row["calendarEvent"]["id"]]["startTime"][:10] <= WEEK["endDate"]
    ]
    sums = walk(client, headers, SOURCE, "aggregatedAttendance", WEEK, limit=100)
    names = {
        "attendanceSum": "attendanceMinutes",
        "validAbsenceSum": "validAbsenceMinutes",
        "invalidAbsenceSum": "invalidAbsenceMinutes",
        "otherAttendanceSum": "otherAttendanceMinutes",
    }
    for total, minutes in names.items():
        assert sum(row[total] for row in sums) == sum(row.get(minutes, 0) for row in rows) > 0
    places = {(row["activity"]["id"], row["student"]["id"]) for row in sums}
    assert len(places) == len(sums)
    assert places == {(lessons[row["calendarEvent"]["id"]]["activity"]["id"], row["student"]["id"]) for row in rows}
    assert sum(row["reportedSum"] for row in sums) < sum(row["offeredSum"] for row in sums)
    assert all({"startDate": row["startDate"], "endDate": row["endDate"]} == WEEK for row in sums)


def test_sums_are_filtered_by_unit_form_and_pupil(client, headers):
    def sums(**filters):
        return walk(client, headers, SOURCE, "aggregatedAttendance", {**WEEK, **filters})

    units = [row for row in walk(client, headers, SOURCE, "organisations") if row["organisationType"] == "Skolenhet"]
    whole = sums()
    assert sum(len(sums(organisation=unit["id"])) for unit in units) == len(whole)
    assert sum(len(sums(schoolType=form)) for form in ("GR", "GY")) == len(whole)
    student = whole[0]["student"]["id"]
    assert sums(student=student) == [row for row in whole if row["student"]["id"] == student]


@pytest.mark.parametrize(
    "asked", [{}, {"startDate": "2026-09-07"}, {**WEEK, "startDate": "soon"}, {**WEEK, "week": "3"}]
)
def test_sums_need_their_days(client, headers, asked):
    answer = client.get(f"/{SOURCE}/v2.0/aggregatedAttendance", params=asked, headers=headers)
    assert answer.status_code == 400
