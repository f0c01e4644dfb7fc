"""Faults over HTTP: refusals, pages and tokens, filters, headers."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise

import httpx
import pytest
from simulator_wire import LISTS, WINDOW, bearer, walk

from narvaro.simulator import FAULT_KINDS, Fault, canaries
from narvaro.simulator.fault_kinds import BUILT, REFUSING
from narvaro.simulator.wire.authority import Authority

SOURCE = "1080-karlskrona"
OTHER = "1060-olofstrom"
NEWS = {"meta.modified.after": "2026-09-10T00:00:00+02:00"}


@pytest.fixture
def headers(client):
    return bearer(client, SOURCE)


@pytest.fixture
def get(client, headers):
    def get(resource, *, timeout=30, **parameters):
        return client.get(f"/{SOURCE}/v2.0/{resource}", params=parameters, headers=headers, timeout=timeout)

    return get


def ids(answer):
    return [row["id"] for row in answer.json()["data"]]


def pages(get, resource, limit, most=40, *, resend=False, **filters):
    """Give the ids of each page, until the end or as many pages as asked for."""
    found, parameters = [], {**filters, "limit": limit}
    while len(found) < most:
        answer = get(resource, **parameters)
        assert answer.status_code == 200, answer.text
        found.append(ids(answer))
        token = answer.json()["pageToken"]
        if token is None:
            break
        parameters = {**(filters if resend else {}), "limit": limit, "pageToken": token}
    return found


@pytest.mark.parametrize("kind", sorted(set(FAULT_KINDS) - set(BUILT)))
def test_every_fault_is_its_own_sources_only(client, plant, kind):
    plant(kind=kind)
    other = bearer(client, OTHER)
    for resource, filters in LISTS.items():
        answer = client.get(f"/{OTHER}/v2.0/{resource}", params={**filters, "limit": 3}, headers=other)
        assert answer.status_code == 200
        assert len(ids(answer)) <= 3
        assert "date" in answer.headers


@pytest.mark.parametrize("kind", sorted(set(REFUSING) - {"silent", "slow", "too_large", "expired_token"}))
def test_refusal_meets_the_third_request_only(get, plant, kind):
    plant(kind=kind, resource="attendances", from_request=3, times=1)

    def is_whole():
        try:
            answer = get("attendances", limit=2)
            return answer.status_code == 200 and len(answer.json()["data"]) == 2
        except (httpx.RemoteProtocolError, ValueError):
            return False

    assert get("grades", limit=2).status_code == 200
    assert [is_whole() for _ in range(4)] == [True, True, False, True]


@pytest.mark.parametrize(
    ("given", "header"),
    [({}, None), ({"retry_after": "0"}, "0"), ({"retry_after": "7"}, "7"), ({"retry_after": "soon"}, "soon")],
)
def test_busy_server_asks_for_patience(get, plant, given, header):
    plant(kind="busy", status=503, **given)
    answer = get("persons")
    assert (answer.status_code, answer.headers.get("retry-after")) == (503, header)


def test_busy_server_names_a_moment_of_its_own_clock(get, plant):
    plant(kind="busy", retry_after="date", seconds=90)
    answer = get("persons")
    assert answer.status_code == 429
    moments = [parsedate_to_datetime(answer.headers[name]) for name in ("retry-after", "date")]
    assert moments[0] - moments[1] == timedelta(seconds=90)


def test_bearer_token_dies_when_it_is_used_up(client, get, plant):
    plant(kind="unauthorized", shape="spent", rows=2)
    assert [get("persons", limit=1).status_code for _ in range(3)] == [200, 200, 401]
    fresh = bearer(client, SOURCE)
    assert client.get(f"/{SOURCE}/v2.0/persons", params={"limit": 1}, headers=fresh).status_code == 200


def test_door_of_the_token_can_be_busy_alone(client, get, plant):
    plant(kind="busy", resource="token", times=1)
    assert get("persons", limit=1).status_code == 200
    form = {"grant_type": "client_credentials"}
    auth = (SOURCE, Authority("a secret of the tests").client_secret(SOURCE))
    assert [client.post(f"/{SOURCE}/token", data=form, auth=auth).status_code for _ in range(2)] == [429, 200]


def test_page_is_too_large_above_its_rows(client, headers, get, plant):
    lessons = ids(get("calendarEvents", limit=9, **WINDOW))
    plant(kind="too_large", rows=5, status=413)
    assert [get("attendances", limit=limit).status_code for limit in (6, 5)] == [413, 200]
    assert get("attendances").status_code == 413
    asked = [
        client.post(
            f"/{SOURCE}/v2.0/attendances/lookup", json={"calendareEvents": lessons[:count]}, headers=headers
        ).status_code
        for count in (9, 4)
    ]
    assert asked == [413, 200]


@pytest.mark.parametrize("status", [410, 400, 404, 422])
def test_page_token_expires(get, plant, status):
    token = get("persons", limit=3).json()["pageToken"]
    plant(kind="expired_token", status=status, times=1)
    assert get("persons", limit=3, pageToken=token).status_code == status
    assert get("persons", limit=3, pageToken=token).status_code == 200


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        ("detail", {"detail": "Something is wrong."}),
        ("details", None),
        ("empty", b""),
        ("html", b"<!DOCTYPE html>"),
        ("code", {"code": "error", "message": "Something is wrong."}),
    ],
)
def test_errors_have_many_shapes(get, plant, shape, body):
    plant(kind="error_shape", shape=shape, status=422)
    answer = get("persons")
    assert answer.status_code == 422
    if shape == "details":
        assert isinstance(answer.json()["detail"], list)
    elif isinstance(body, dict):
        assert answer.json() == body
    else:
        assert answer.content.startswith(body)


def test_error_tells_of_a_pupil(get, plant, small_world):
    plant(kind="error_shape", shape="telling")
    said = get("persons").json()["message"]
    assert all(word in canaries(small_world) for word in said.partition(",")[0].split())


def test_client_is_sent_elsewhere(get, plant):
    plant(kind="redirect")
    answer = get("persons")
    assert (answer.status_code, answer.headers["location"]) == (302, "https://inloggning.example/")


def test_proxys_page_and_half_a_document_come_with_200(get, plant):
    plant(kind="html_page")
    assert get("persons").headers["content-type"].startswith("text/html")
    plant(kind="not_json", shape="truncated")
    answer = get("persons")
    assert answer.status_code == 200
    with pytest.raises(ValueError, match="Unterminated"):
        answer.json()


def test_token_forgets_the_filters_unless_they_are_sent_again(client, headers, get, plant):
    wanted = {row["id"] for row in walk(client, headers, SOURCE, "attendances", NEWS)}
    plant(kind="forgets_filters")
    forgotten = pages(get, "attendances", 500, **NEWS)
    assert set(forgotten[0]) <= wanted
    assert not set(forgotten[1]) <= wanted
    assert not wanted <= {one for page in forgotten for one in page}
    assert sum(map(len, forgotten)) >= len(wanted)
    again = pages(get, "attendances", 500, resend=True, **NEWS)
    assert {one for page in again for one in page} == wanted


def test_filters_must_come_again_where_they_are_wanted(get, plant):
    first = {**WINDOW, **NEWS}
    plant(kind="wants_filters")
    token = get("calendarEvents", limit=3, **first).json()["pageToken"]
    asked = [get("calendarEvents", limit=3, pageToken=token, **with_) for with_ in ({}, WINDOW, first)]
    assert [answer.status_code for answer in asked] == [422, 422, 200]
    plant(kind="wants_filters", shape="required")
    asked = [get("calendarEvents", limit=3, pageToken=token, **with_) for with_ in ({}, WINDOW, first)]
    assert [answer.status_code for answer in asked] == [422, 200, 200]


def test_token_must_come_alone_even_between_other_faults(get, plant):
    token = get("calendarEvents", limit=3, **WINDOW).json()["pageToken"]
    plant(Fault(source=SOURCE, kind="forgets_filters"), kind="token_alone")
    assert get("calendarEvents", limit=3, pageToken=token, **WINDOW).status_code == 400
    assert get("calendarEvents", limit=3, pageToken=token).status_code == 200


def test_pages_shift_while_they_are_read(simulator, small_world, get, plant):
    simulator.set_clock(small_world.night_bound(2) - timedelta(hours=18))
    plant(kind="offset_tokens", resource="attendances", seconds=1800)
    until = {"meta.modified.before": (small_world.night_bound(2) - timedelta(hours=18)).isoformat()}
    found = [one for page in pages(get, "attendances", 1000, **until) for one in page]
    simulator.set_clock(small_world.night_bound(2) - timedelta(hours=18))
    plant()
    steady = [one for page in pages(get, "attendances", 1000, **until) for one in page]
    assert set(steady) - set(found)
    assert get("persons", limit=1).headers["date"] == "Mon, 21 Sep 2026 07:00:00 GMT"


def test_tokens_never_end(get, plant):
    plant(kind="endless_tokens", resource="syllabuses")
    empty = pages(get, "syllabuses", 1000, most=5)
    assert [bool(page) for page in empty] == [True, False, False, False, False]
    plant(kind="endless_tokens", shape="repeat")
    again = pages(get, "syllabuses", 1000, most=5)
    assert len(again) == 5
    assert all(page == again[0] for page in again)


def test_the_same_page_comes_again(get, plant):
    plant(kind="same_page")
    first = get("persons", limit=3).json()
    second = get("persons", limit=3, pageToken=first["pageToken"]).json()
    assert second == first
    plant(kind="same_page", shape="fresh")
    first = get("persons", limit=3).json()
    second = get("persons", limit=3, pageToken=first["pageToken"]).json()
    assert second["data"] == first["data"]
    assert second["pageToken"] != first["pageToken"]


def test_rows_come_twice_or_not_at_all(get, plant):
    whole = ids(get("attendances", limit=20))
    plant(kind="duplicate_rows", rows=2)
    assert ids(get("attendances", limit=20)) == whole + whole[:2]
    plant(kind="short_pull", rows=3, resource="attendances", from_request=2)
    assert ids(get("attendances", limit=20)) == whole
    assert ids(get("attendances", limit=20)) == whole[:-3]


def test_list_holds_nothing(get, plant):
    plant(kind="empty", resource="grades")
    assert get("grades").json() == {"data": [], "pageToken": None}
    assert ids(get("attendances", limit=1))
    plant(kind="empty")
    assert get("deletedEntities").json() == {"data": {}, "pageToken": None}


def test_pages_are_cut_from_several_orders(get, plant):
    steady = [one for page in pages(get, "grades", 100) for one in page]
    plant(kind="unordered", rows=4)
    found = pages(get, "grades", 100)
    assert len(found) > 2
    assert all(page[:4] == before[-4:] for before, page in pairwise(found))
    seen = [one for page in found for one in page]
    assert len(seen) == len(steady)
    assert set(steady) - set(seen) == set(steady[-4 * (len(found) - 1) :])


@pytest.mark.parametrize(("shape", "end"), [("absent", {}), ("blank", {"pageToken": ""})])
def test_last_page_says_otherwise_that_it_is_the_last(get, plant, shape, end):
    plant(kind="token_omitted", shape=shape)
    assert get("syllabuses", limit=3).json()["pageToken"]
    last = get("syllabuses", limit=1000).json()
    assert {key: value for key, value in last.items() if key != "data"} == end


def test_slow_answer_comes_too_late_for_the_impatient(get, plant):
    plant(kind="slow", resource="grades", times=1)
    with pytest.raises(httpx.ReadTimeout):
        get("grades", limit=1, timeout=0.05)
    assert get("grades", limit=1).status_code == 200


def test_bodies_come_compressed(client, get, plant):
    whole = get("persons", limit=200)
    plant(kind="gzip")
    with client.stream("GET", whole.request.url, headers=whole.request.headers) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert len(raw) < len(whole.content) / 2
    assert get("persons", limit=200).json() == whole.json()


def test_sums_know_the_rows_of_a_short_pull(get, plant):
    asked = {"startDate": "2026-09-07", "endDate": "2026-09-13", "limit": 20_000}
    sums = get("aggregatedAttendance", **asked).json()
    plant(kind="short_pull", resource="attendances")
    assert get("aggregatedAttendance", **asked).json() == sums


def test_filters_are_ignored(client, headers, get, plant):
    everything = len(walk(client, headers, SOURCE, "attendances"))
    future = {"meta.modified.after": "2027-01-01T00:00:00Z"}
    assert ids(get("attendances", limit=20_000, **future)) == []
    plant(kind="ignores_filters")
    assert len(ids(get("attendances", limit=20_000, colour="red", **future))) == everything
    assert get("calendarEvents").status_code == 400
    plant(kind="ignores_filters", fields=["meta.created.after"])
    assert ids(get("attendances", limit=20_000, **future)) == []


def test_limit_and_expand_are_ignored(get, plant):
    day = {**WINDOW, "startTime.onOrBefore": "2026-08-18T00:00:00+02:00", "expand": "attendance"}
    plant(Fault(source=SOURCE, kind="ignores_limit", rows=7), kind="ignores_expand")
    answer = get("calendarEvents", limit=2, **day)
    assert len(ids(answer)) == 7
    assert "_embedded" not in answer.json()["data"][0]


def test_offsets_of_filters_are_ignored(get, plant):
    moment = datetime.fromisoformat("2026-09-18T10:00:00+02:00")
    asked = {"meta.modified.after": moment.isoformat()}
    right = set(ids(get("attendances", limit=20_000, **asked)))
    plant(kind="ignores_offset")
    assert set(ids(get("attendances", limit=20_000, **asked))) == right
    utc = {"meta.modified.after": "2026-09-18T08:00:00Z"}
    local_reading = set(ids(get("attendances", limit=20_000, **utc)))
    assert right < local_reading
    plant(kind="ignores_offset", shape="utc")
    assert set(ids(get("attendances", limit=20_000, **utc))) == right
    assert set(ids(get("attendances", limit=20_000, **asked))) < right


def test_date_header_is_wrong_or_missing(get, plant):
    plant(kind="clock_skew", seconds=-7200)
    assert get("persons", limit=1).headers["date"] == "Fri, 18 Sep 2026 23:00:00 GMT"
    plant(kind="no_date_header")
    assert "date" not in get("persons", limit=1).headers


def test_levers_take_and_give_faults(client, simulator):
    own = {"authorization": f"Bearer {Authority('a secret of the tests').admin_token()}"}
    fault = {"source": SOURCE, "kind": "busy", "resource": "/grades", "from_request": 2, "times": 1}
    given = client.put("/_simulator/faults", headers=own, json=[fault])
    assert given.status_code == 200
    assert simulator.servers.faults == (Fault(**fault),)
    assert client.put("/_simulator/faults", headers=own, json=given.json()).json() == given.json()
    for wrong in ([fault | {"kind": "flood"}], [fault | {"source": "nobody"}], fault):
        assert client.put("/_simulator/faults", headers=own, json=wrong).status_code == 400
    assert simulator.servers.faults == (Fault(**fault),)
