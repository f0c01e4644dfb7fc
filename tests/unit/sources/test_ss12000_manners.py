"""How a server that is tired is waited for, and asked for less."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wire_server import answer

from narvaro.errors import SourceBusyError
from narvaro.sources.ss12000.paging import Question, Walker
from narvaro.sources.ss12000.refusals import PageTooLargeError, retry_after_seconds

LIMIT = [("limit", "1000")]
PUPIL = "0b7f3a52-6c1e-4f0e-9d7a-3f1f7d0c9a11"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("120", 120), (" 7 ", 7), ("1.5", 1.5), ("Sat, 19 Sep 2026 01:00:30 GMT", 30)]
    + [(text, None) for text in ("", "-1", "soon", "1e9", "٣", "9" * 400, "Sat, 19 Sep 2026", "1 2", "nan")],
)
def test_retry_after_is_read_in_all_its_forms(text, seconds):
    headers = {"Date": "Sat, 19 Sep 2026 01:00:00 GMT"} | ({"Retry-After": text.encode()} if text else {})
    assert retry_after_seconds(httpx.Response(429, headers=headers)) == seconds


def test_a_date_is_measured_by_our_clock_when_the_server_tells_none():
    headers = {"Retry-After": "Sat, 19 Sep 2099 01:00:30 GMT"}
    expected = (datetime(2099, 9, 19, 1, 0, 30, tzinfo=UTC) - datetime.now(UTC)).total_seconds()
    assert retry_after_seconds(httpx.Response(503, headers=headers)) == pytest.approx(expected, abs=60)


@settings(deadline=None)
@given(st.text(), st.text())
def test_no_header_is_too_odd_to_be_read(wait, date):
    headers = [("Retry-After", wait.encode("utf-8", "ignore")), ("Date", date.encode("utf-8", "ignore"))]
    seconds = retry_after_seconds(httpx.Response(429, headers=headers))
    assert seconds is None or seconds >= 0


@settings(deadline=None)
@given(st.integers(0, 99), st.sampled_from(["Jan", "Dec"]), st.integers(0, 99999), st.integers(-999999, 999999))
def test_no_date_is_too_far_away_to_be_read(day, month, year, offset):
    text = f"Sat, {day} {month} {year} 00:00:00 {offset:+05d}"
    seconds = retry_after_seconds(httpx.Response(429, headers={"Retry-After": text}))
    assert seconds is None or seconds >= 0


def test_a_server_that_always_says_at_once_is_backed_off_from(wire, wired, waits):
    wire.answers = [answer(429, b"", Retry_After="0")] * 9
    with pytest.raises(SourceBusyError):
        wired(attempts=9).get("/persons", LIMIT)
    assert waits[0] == 0
    assert sum(waits[1:]) > 0


@pytest.mark.parametrize("status", [500, 502, 504])
def test_any_failure_that_names_a_wait_is_waited_for(wire, wired, waits, status):
    wire.answers = [answer(status, b"", Retry_After="20")]
    wired().get("/persons", LIMIT)
    assert 20 <= waits[0] <= 22


def test_a_wait_that_is_asked_for_is_spread(wire, wired, waits):
    wire.answers = [answer(429, b"", Retry_After="50")] * 30
    with pytest.raises(SourceBusyError):
        wired(attempts=30).get("/persons", LIMIT)
    assert len({round(wait, 3) for wait in waits}) > 20


# --- pages that are too large


@pytest.mark.parametrize(
    "too_large", [answer(413, b""), answer(503, b'{"code": "response_too_large", "message": "x"}')]
)
def test_a_page_that_is_called_too_large_is_not_asked_for_again(wire, wired, waits, too_large):
    wire.answers = [too_large]
    with pytest.raises(PageTooLargeError, match="page_size"):
        wired().get("/attendances", LIMIT)
    assert len(wire.said) == 1
    assert waits == []


def test_a_busy_server_that_names_no_wait_may_mean_the_page(wire, wired, waits):
    wire.answers = [answer(503, b"")] * 9
    transport = wired(attempts=5)
    for _ in range(3):
        with pytest.raises(PageTooLargeError):
            transport.get("/attendances", LIMIT)
    assert len(wire.said) == 6
    # A server that is down is asked ever more seldom, whatever the size.
    assert len(waits) == 5


def test_a_size_that_was_served_is_not_soon_called_too_large(wire, wired):
    wire.answers = [answer()] + [answer(503, b"")] * 9
    transport = wired(attempts=5)
    transport.get("/attendances", LIMIT)
    with pytest.raises(PageTooLargeError):
        transport.get("/attendances", LIMIT)
    assert len(wire.said) == 6


def test_a_server_that_has_recovered_is_not_waited_for(wire, wired, waits):
    wire.answers = [answer(503, b"")] * 2
    transport = wired()
    with pytest.raises(PageTooLargeError):
        transport.get("/attendances", LIMIT)
    transport.get("/attendances", [("limit", "500")])
    before = len(waits)
    transport.get("/attendances", [("limit", "500")])
    assert len(waits) == before


@pytest.mark.parametrize("too_large", [answer(413, b""), answer(503, b"")])
def test_pages_are_halved_until_the_server_can_bear_them(wire, wired, too_large):
    def at_most_two(handler):
        sizes.append(int(dict(parse_qsl(urlsplit(handler.path).query))["limit"]))
        (too_large if sizes[-1] > 2 else answer())(handler)

    sizes = []
    wire.answers = [at_most_two] * 99
    walker = Walker(wired(), page_size=10)
    for _ in range(2):
        assert len(list(walker.walk(Question("/attendances")))) == 1
    # What was found out is kept for the rest of the night.
    assert list(dict.fromkeys(sizes)) == [10, 5, 2]
    assert sizes[-2:] == [2, 2]


def test_a_server_that_can_bear_no_page_at_all_is_left_to_the_scheduler(wire, wired):
    wire.answers = [answer(503, b"")] * 999
    with pytest.raises(SourceBusyError):
        list(Walker(wired(), page_size=1000).walk(Question("/attendances")))
    assert len(wire.said) < 30


def test_a_busy_server_that_names_its_wait_does_not_mean_the_page(wire, wired):
    wire.answers = [answer(503, b"", Retry_After="1")] * 9
    with pytest.raises(SourceBusyError) as caught:
        wired().get("/attendances", LIMIT)
    assert type(caught.value) is SourceBusyError
    assert len(wire.said) == 3


def test_an_answer_without_a_size_is_never_too_large(wire, wired):
    wire.answers = [answer(503, b"")] * 9
    with pytest.raises(SourceBusyError) as caught:
        wired().get(f"/attendances/{PUPIL}", [])
    assert type(caught.value) is SourceBusyError
    assert len(wire.said) == 3


def test_a_lookup_may_be_too_large(wire, wired):
    wire.answers = [answer(503, b"")] * 9
    with pytest.raises(PageTooLargeError):
        wired().post("/attendances/lookup", b'{"ids": []}')
