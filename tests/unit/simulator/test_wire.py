"""The servers keep the standard: tokens, paging, filters, the clock; and break it where planted."""

from __future__ import annotations

from datetime import datetime

import httpx
import pytest
from simulator_wire import LISTS, SECRET, WINDOW, bearer, walk

from narvaro.errors import SourceError
from narvaro.simulator import Fault, canaries, connections, running_simulator, vocabulary

SOURCE = "1080-karlskrona"


@pytest.fixture
def headers(client):
    return bearer(client, SOURCE)


def get(client, headers, resource, **parameters):
    return client.get(f"/{SOURCE}/v2.0/{resource}", params=parameters, headers=headers)


def test_health_needs_no_token(client):
    assert client.get("/_simulator/health").json()["status"] == "ok"


def test_wrong_client_secret_is_refused(client):
    answer = client.post(f"/{SOURCE}/token", data={"grant_type": "client_credentials"}, auth=(SOURCE, "wrong"))
    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_client"


def test_basic_credentials_are_taken(blekinge, simulator):
    entry = connections(blekinge, simulator.base_url, SECRET)["narvaro_1080_karlskrona"]
    assert entry["conn_type"] == "ss12000"
    assert entry["extra"]["requests_per_second"] == 0
    auth = (entry["login"], entry["password"])
    answer = httpx.post(entry["extra"]["token_url"], data={"grant_type": "client_credentials"}, auth=auth)
    assert answer.status_code == 200
    headers = {"authorization": f"Bearer {answer.json()['access_token']}"}
    assert httpx.get(f"{entry['host']}/organisations", headers=headers).status_code == 200


@pytest.mark.parametrize("value", [None, "Bearer nonsense", "Basic YTpi"])
def test_without_a_bearer_token_nothing_is_given(client, value):
    answer = get(client, {"authorization": value} if value else {}, "persons")
    assert answer.status_code == 401
    assert set(answer.json()) == {"code", "message"}


def test_token_of_another_source_is_refused(client):
    assert get(client, bearer(client, "1060-olofstrom"), "persons").status_code == 401


def test_unknown_source_and_resource_are_404_without_body(client, headers):
    for path in ("/nobody/v2.0/persons", f"/{SOURCE}/v2.0/schoolUnits"):
        answer = client.get(path, headers=headers)
        assert (answer.status_code, answer.content) == (404, b"")


@pytest.mark.parametrize("resource", LISTS)
def test_pages_of_any_size_give_the_same_objects_once(client, headers, resource):
    whole = walk(client, headers, SOURCE, resource, LISTS[resource], limit=20_000)
    limit = max(2, len(whole) // 3 - 1)
    parts = walk(client, headers, SOURCE, resource, LISTS[resource], limit=limit)
    ids = [entry["id"] for entry in parts]
    assert len(ids) == len(set(ids)) == len(whole) > 0
    assert set(ids) == {entry["id"] for entry in whole}


def test_page_token_goes_with_limit_only(client, headers):
    token = get(client, headers, "persons", limit=5).json()["pageToken"]
    assert get(client, headers, "persons", limit=5, pageToken=token).status_code == 200
    with_filter = {"pageToken": token, "relationship.entity.type": "enrolment"}
    assert get(client, headers, "persons", **with_filter).status_code == 400
    assert get(client, headers, "groups", pageToken=token).status_code == 400
    assert get(client, headers, "persons", pageToken=token + "x").status_code == 400


def test_page_token_remembers_filters_and_clock(client, headers, simulator, small_world):
    asked = {"meta.modified.after": "2026-09-10T00:00:00+02:00"}
    whole = {row["id"] for row in walk(client, headers, SOURCE, "attendances", asked)}
    first = get(client, headers, "attendances", limit=len(whole) // 2, **asked).json()
    simulator.set_clock(small_world.night_bound(2))
    rest = get(client, headers, "attendances", limit=20_000, pageToken=first["pageToken"]).json()
    assert {row["id"] for row in first["data"] + rest["data"]} == whole


@pytest.mark.parametrize("limit", ["0", "-1", "many"])
def test_wrong_limit_is_refused(client, headers, limit):
    assert get(client, headers, "persons", limit=limit).status_code == 400


def test_unknown_parameter_is_refused(client, headers):
    assert get(client, headers, "attendances", startTime="2026-09-01").status_code == 400


def test_lessons_need_a_window(client, headers):
    assert get(client, headers, "calendarEvents").status_code == 400
    assert get(client, headers, "calendarEvents", **WINDOW).status_code == 200


@pytest.mark.parametrize("text", ["2026-09-10", "2026-09-10T00:00:00", "2026-09-10T00:00:00 02:00", "soon"])
def test_moment_without_offset_is_refused(client, headers, text):
    assert get(client, headers, "persons", **{"meta.modified.after": text}).status_code == 400


def test_before_is_inclusive_and_after_exclusive(client, headers):
    rows = walk(client, headers, SOURCE, "attendances")
    moment = sorted(row["meta"]["modified"] for row in rows)[len(rows) // 2]
    at = {row["id"] for row in rows if row["meta"]["modified"] == moment}
    before = {row["id"] for row in walk(client, headers, SOURCE, "attendances", {"meta.modified.before": moment})}
    after = {row["id"] for row in walk(client, headers, SOURCE, "attendances", {"meta.modified.after": moment})}
    assert at <= before
    assert not at & after
    assert before | after == {row["id"] for row in rows}


def test_organisation_filter_takes_a_unit_or_the_owner(client, headers):
    organisations = walk(client, headers, SOURCE, "organisations")
    owner = next(entry for entry in organisations if entry["organisationType"] == "Huvudman")
    units = [entry for entry in organisations if entry["organisationType"] == "Skolenhet"]
    everything = walk(client, headers, SOURCE, "attendances", {"organisation": owner["id"]})
    parts = [walk(client, headers, SOURCE, "attendances", {"organisation": unit["id"]}) for unit in units]
    assert sum(map(len, parts)) == len(everything) == len(walk(client, headers, SOURCE, "attendances"))


def test_clock_shows_each_object_in_its_version_of_then(client, headers, simulator, small_world):
    def rows():
        # A mark on a reference moves no row: it is not the row's own.
        found = walk(client, headers, SOURCE, "attendances")
        return {row["id"]: row | {"student": row["student"]["id"]} for row in found}

    first = rows()
    simulator.set_clock(small_world.night_bound(2))
    second = rows()
    changed = [key for key in first.keys() & second.keys() if first[key] != second[key]]
    assert changed
    assert all(first[key]["meta"]["modified"] < second[key]["meta"]["modified"] for key in changed)
    assert second.keys() - first.keys()
    gone = first.keys() - second.keys()
    assert gone
    after = {"after": small_world.night_bound(1).isoformat()}
    deleted = get(client, headers, "deletedEntities", **after).json()["data"]
    assert gone == set(deleted["attendances"])


def test_changes_since_the_first_night_are_found_by_cursor(client, headers, simulator, small_world):
    def rows(asked=None):
        found = walk(client, headers, SOURCE, "attendances", asked)
        return {row["id"]: row | {"student": row["student"]["id"]} for row in found}

    first = rows()
    simulator.set_clock(small_world.night_bound(2))
    news = rows({"meta.modified.after": small_world.night_bound(1).isoformat()})
    second = rows()
    known = first | news
    assert {key: known[key] for key in second} == second


def test_deletions_are_paged_and_filtered_by_kind(client, headers, simulator, small_world):
    simulator.set_clock(small_world.night_bound(2))
    whole = get(client, headers, "deletedEntities").json()["data"]
    assert set(whole) == {"attendances", "calendarEvents"}
    token, found = None, []
    while True:
        page = get(client, headers, "deletedEntities", limit=2, **({"pageToken": token} if token else {})).json()
        found += page["data"]["attendances"] + page["data"]["calendarEvents"]
        if (token := page["pageToken"]) is None:
            break
    assert sorted(found) == sorted(whole["attendances"] + whole["calendarEvents"])
    only = get(client, headers, "deletedEntities", entities="CalendarEvent").json()["data"]
    assert only == {"calendarEvents": whole["calendarEvents"]}


def test_date_header_is_the_simulated_clock(client, headers):
    assert get(client, headers, "syllabuses").headers["date"] == "Sat, 19 Sep 2026 01:00:00 GMT"


def test_lessons_can_carry_their_attendance(client, headers):
    window = WINDOW | {"startTime.onOrBefore": "2026-08-18T00:00:00+02:00", "expand": ["attendance", "activity"]}
    lessons = walk(client, headers, SOURCE, "calendarEvents", window)
    embedded = {row["id"]: row for lesson in lessons for row in lesson["_embedded"]["attendance"]}
    assert embedded
    rows = {row["id"]: row for row in walk(client, headers, SOURCE, "attendances")}
    assert all(rows[key]["calendarEvent"] == row["calendarEvent"] for key, row in embedded.items())
    assert all(lesson["_embedded"]["activity"]["id"] == lesson["activity"]["id"] for lesson in lessons)


def test_levers_need_the_simulators_own_token(client, headers, blekinge, simulator):
    assert client.get("/_simulator/clock", headers=headers).status_code == 401
    entry = connections(blekinge, simulator.base_url, SECRET)["narvaro_simulator"]
    own = {"authorization": f"Bearer {entry['password']}"}
    moved = client.put("/_simulator/clock", headers=own, json={"now": "2026-09-22T03:00:00+02:00"})
    assert datetime.fromisoformat(moved.json()["now"]).timestamp() == simulator.servers.clock
    assert client.put("/_simulator/clock", headers=own, json={"now": "2026-09-22"}).status_code == 400
    assert client.put("/_simulator/clock", headers=own, content=b"{").status_code == 400
    assert client.get("/_simulator/stats", headers=own).json()
    assert client.get("/_simulator/levers", headers=own).status_code == 404


def test_silent_source_answers_503_to_everything(client, headers, simulator):
    simulator.servers.faults = (Fault(source=SOURCE, kind="silent"),)
    assert get(client, headers, "persons").status_code == 503
    assert client.post(f"/{SOURCE}/token", data={}).status_code == 503
    assert client.get("/1060-olofstrom/v2.0/persons", headers=bearer(client, "1060-olofstrom")).status_code == 200


def test_wrong_header_renames_a_field_of_attendances(client, headers, simulator):
    simulator.servers.faults = (Fault(source=SOURCE, kind="wrong_header"),)
    row = get(client, headers, "attendances", limit=1).json()["data"][0]
    assert "rapporterad" in row
    assert "isReported" not in row


def test_impossible_minutes_are_planted(client, headers, small_world):
    rows = walk(client, headers, SOURCE, "attendances")
    odd = [row for row in rows if row.get("validAbsenceMinutes", 0) < 0 or row.get("invalidAbsenceMinutes", 0) > 600]
    assert len(odd) == len(small_world.registers.impossible_rows) == 9


def test_sources_differ_in_habits(client):
    sources = ["1060-olofstrom", "1080-karlskrona", "1082-karlshamn"]
    moments = {walk(client, bearer(client, name), name, "syllabuses")[0]["meta"]["created"][-1] for name in sources}
    assert moments == {"Z", "0"}


def test_protected_identity_is_marked_on_references_too(client):
    marked = set()
    for name in ("1060-olofstrom", "1080-karlskrona", "1082-karlshamn"):
        rows = walk(client, bearer(client, name), name, "attendances")
        marked |= {row["student"].get("securityMarking") for row in rows}
    assert marked > {None, "Sekretessmarkering"}


def test_everything_personal_is_a_canary(client, headers, small_world):
    known = canaries(small_world)
    words, numbers = known[: known.index(vocabulary.phone(0))], set(known)
    for person in walk(client, headers, SOURCE, "persons", LISTS["persons"]):
        for text in (person["givenName"], person["familyName"], person["addresses"][0]["streetAddress"]):
            assert any(word in text for word in words[1:])
        assert person["emails"][0]["value"].endswith(vocabulary.EMAIL_DOMAIN)
        assert person["phoneNumbers"][0]["value"] in numbers
        assert "civicNo" not in person or person["civicNo"]["value"] in numbers


def test_names_stand_in_references_only_when_asked_for(client, headers):
    row = get(client, headers, "attendances", limit=1, expandReferenceNames="true").json()["data"][0]
    assert row["student"]["displayName"].startswith("Kanari")
    assert "displayName" not in get(client, headers, "attendances", limit=1).json()["data"][0]["student"]


def test_taken_port_is_a_clear_error(small_world, simulator):
    port = int(simulator.base_url.rsplit(":", 1)[1])
    with pytest.raises(SourceError, match=str(port)), running_simulator(small_world, secret=SECRET, port=port):
        pass
