"""Claims that hold for every walk, span and order of faults."""

from __future__ import annotations

import string
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from school_system import Answer, SchoolSystem, an_attendance, served

from narvaro.connections import Connection
from narvaro.county import Source
from narvaro.errors import NarvaroError
from narvaro.privacy import Key, Pseudonymiser
from narvaro.sources import Given, Patience, connect
from narvaro.sources.ss12000.ahead import run_ahead
from narvaro.sources.ss12000.changes import Window
from narvaro.sources.ss12000.decode import open_envelope, page_token
from narvaro.sources.ss12000.seen import SeenRows
from narvaro.sources.ss12000.times import utc_times

STOCKHOLM = ZoneInfo("Europe/Stockholm")
UNTIL = datetime(2026, 9, 19, 1, tzinfo=UTC)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
FAULTS = [Answer(status) for status in (401, 410, 400, 429, 500, 503, 404)]


@pytest.fixture(scope="module")
def running():
    system = SchoolSystem()
    with served(system) as url:
        yield system, url


def walk_everything(url, page_size):
    source = Source(name="exempel", owner="2120000142", base_url=url + "/v2.0", page_size=page_size)
    connection = Connection(
        "narvaro_exempel", host=url, login="client:å", password="hemlig+1", extra={"token_url": url + "/token"}
    )
    pseudonymiser = Pseudonymiser(Key(b"k" * 32), source.name)
    with connect(source, connection, pseudonymiser, STOCKHOLM, patience=Patience(3, sleep=lambda _: None)) as connector:
        steps = connector.read({}, UNTIL, (date(2026, 8, 1), date(2027, 6, 30)))
        given_steps = [step for step in steps if isinstance(step, Given) and step.entity == "attendances"]
        return [row for step in given_steps for row in step.batch.column(0).to_pylist()]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    count=st.integers(0, 12),
    page_size=st.integers(1, 13),
    faults=st.dictionaries(st.integers(1, 14), st.sampled_from(FAULTS), max_size=3),
)
def test_whatever_goes_wrong_the_walk_is_whole_or_an_error(running, count, page_size, faults):
    system, url = running
    rows = [an_attendance(str(number)) for number in range(count)]
    system.rows["/attendances"] = rows
    system.misbehaviours = []
    for on_page, answer in faults.items():
        system.misbehave_once("/attendances", answer, on_page=on_page)
    try:
        read = walk_everything(url, page_size)
    except NarvaroError:
        assert faults
    else:
        assert sorted(read) == sorted(row["id"] for row in rows)


@given(after=st.none() | moments, until=moments)
def test_a_span_is_asked_for_without_a_plus_sign(after, until):
    asked = dict(Window(after, until).filters())
    assert datetime.fromisoformat(asked["meta.modified.before"]) == until
    assert ("meta.modified.after" in asked) == (after is not None)
    assert all(value.endswith("Z") and "+" not in value for value in asked.values())


@given(st.lists(moments, max_size=5), st.sampled_from([0, 1, 2, 5, -3.5]), st.booleans())
def test_a_moment_is_the_same_whatever_its_offset(given_moments, hours, has_naive):
    zone = timedelta(hours=hours)
    texts = [(moment + zone).replace(tzinfo=None).isoformat() + offset(zone) for moment in given_moments]
    # A naive time among them sends the whole column the slower way.
    texts += ["2026-01-01T00:00:00"] * has_naive
    read = utc_times(texts, STOCKHOLM, "x").to_pylist()[: len(given_moments)]
    assert read == given_moments


def offset(zone):
    minutes = int(zone.total_seconds() // 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


@given(
    st.lists(st.lists(st.integers(-5, 5) | st.integers(-(2**62), 2**62), max_size=8), max_size=12),
    st.booleans(),
)
def test_exactly_the_rows_that_came_before_are_known(batches, is_settled):
    seen, known = SeenRows(), set()
    for batch in batches:
        are_new = seen.are_new(np.array(batch, np.int64))
        for fingerprint, is_new in zip(batch, are_new, strict=True):
            assert is_new == (fingerprint not in known)
            known.add(fingerprint)
        if is_settled and seen._recent:
            seen._settle()


def test_rows_are_known_in_whatever_run_they_settled(monkeypatch):
    monkeypatch.setattr("narvaro.sources.ss12000.seen._LONGEST_RUN", 150_000)
    seen = SeenRows()
    for start in range(0, 400_000, 10_000):
        assert seen.are_new(np.arange(start, start + 10_000)).all()
    assert len(seen._runs) > 2
    assert not seen.are_new(np.arange(400_000)).any()


def test_forgetting_the_oldest_keeps_the_newest():
    seen = SeenRows(capacity=100_000)
    seen.are_new(np.arange(70_000))
    seen.are_new(np.arange(70_000, 140_000))
    assert not seen.are_new(np.arange(70_000, 140_000)).any()
    assert seen.are_new(np.arange(70_000)).all()


names = st.text(string.ascii_letters + ']}{,":å', max_size=8)
values = st.recursive(
    st.none() | st.integers() | names,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=2),
    max_leaves=4,
)


@given(
    st.lists(st.dictionaries(names, values, max_size=2), max_size=2),
    st.none() | names,
    st.dictionaries(names.filter(lambda name: name not in ("data", "pageToken")), values, max_size=2),
    st.randoms(use_true_random=False),
    st.sampled_from([None, 2]),
)
def test_the_short_way_to_a_token_agrees_with_the_long_one(rows, token, others, dice, indent):
    import json

    fields = [("data", rows), ("pageToken", token), *others.items()]
    dice.shuffle(fields)
    body = json.dumps(dict(fields), indent=indent, ensure_ascii=False).encode()
    assert page_token(body, "x") == (open_envelope(body, "x").page_token or None)


@given(st.lists(st.binary(max_size=9)), st.integers(0, 20), st.integers(0, 30))
def test_running_ahead_changes_nothing(items, most_bytes, stop_after):
    ahead = run_ahead(iter(items), len, most_bytes)
    taken = [item for item, _ in zip(ahead, range(stop_after), strict=False)]
    ahead.close()
    assert taken == items[:stop_after]


def test_an_error_ahead_comes_in_its_place():
    def failing():
        yield b"1"
        raise KeyError

    ahead = run_ahead(failing(), len)
    assert next(ahead) == b"1"
    with pytest.raises(KeyError):
        next(ahead)
