"""Whatever a server does, when and in whatever mixture: what stands is the truth, or nobody sees the night.

Faults that only change what a server says of itself are mixed at random, over two nights and a good
one. Left out are those after which the server's own data are other than the truth in a way that
no answer of it shows: attributes that it strips, values that it invents, units that it withholds.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from one_source import OneSource, copied, one_source, pass_every_door, wait_for_nobody

from narvaro.simulator.fault_kinds import SHAPES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hypothesis.strategies import SearchStrategy

LISTS = ("organisations", "syllabuses", "activities", "persons", "groups")
LONG_LISTS = ("calendarEvents", "attendances", "absences", "grades")
EVERYWHERE = (
    *LISTS,
    *LONG_LISTS,
    "deletedEntities",
    "aggregatedAttendance",
    "calendarEvents/lookup",
    "attendances/lookup",
)

REQUESTED = ("busy", "server_error", "unauthorized", "forbidden", "not_served", "error_shape", "html_page", "not_json")
REQUESTED += ("broken_body", "expired_token", "too_large")
PAGED = ("token_alone", "wants_filters", "forgets_filters", "offset_tokens", "same_page", "duplicate_rows")
PAGED += ("ignores_filters", "ignores_limit", "ignores_expand")
WHOLE_NIGHT = ("flat_deletions", "no_date_header", "clock_skew", "microseconds", "extra_fields", "names_unasked")
WHOLE_NIGHT += (
    "decomposed",
    "protected_complete",
    "protected_nameless",
    "wrong_header",
    "readded",
    "modified_is_start",
)
STATUSES = {
    "busy": (429, 503),
    "server_error": (500, 502, 504),
    "expired_token": (410, 400, 404, 422),
    "error_shape": (400, 401, 404, 422, 500),
    "html_page": (200, 502),
    "too_large": (413, 503),
}


def _shaped(kind: str) -> SearchStrategy[dict[str, Any]]:
    options: dict[str, SearchStrategy[Any]] = {"kind": st.just(kind)}
    if kind in SHAPES:
        options["shape"] = st.sampled_from(SHAPES[kind])
    if kind in STATUSES:
        options["status"] = st.sampled_from(STATUSES[kind])
    if kind == "clock_skew":
        options["seconds"] = st.sampled_from((-7200, -60, 60, 7200))
    if kind == "busy":
        options["retry_after"] = st.sampled_from(("none", "0", "1", "date", "7200", "soon"))
    if kind == "readded":
        options["resource"] = st.sampled_from(("attendances", "calendarEvents", "persons", "groups", "grades"))
    return st.fixed_dictionaries(options)


_timed = st.fixed_dictionaries(
    {"from_request": st.integers(1, 12)}, optional={"times": st.integers(1, 4), "resource": st.sampled_from(EVERYWHERE)}
)
_fault = st.one_of(
    st.tuples(st.sampled_from(REQUESTED).flatmap(_shaped), _timed).map(lambda parts: {**parts[1], **parts[0]}),
    st.tuples(st.sampled_from(PAGED).flatmap(_shaped), _timed).map(lambda parts: {**parts[1], **parts[0]}),
    st.sampled_from(WHOLE_NIGHT).flatmap(_shaped),
)
schedules = st.lists(_fault, min_size=1, max_size=3)


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneSource]:
    """An installation that has read nothing yet, in whose nights nobody waits."""
    with pytest.MonkeyPatch.context() as patched:
        wait_for_nobody(patched)
        pass_every_door(patched)
        with one_source(tmp_path_factory.mktemp("county") / "home") as installation:
            installation.plant()
            yield installation


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folders that nobody has used."""
    folder = tmp_path_factory.mktemp("schedules")
    return (folder / f"home-{number}" for number in count())


@pytest.fixture(scope="module")
def after_one_night(county: OneSource, homes: Iterator[Path]) -> OneSource:
    """The installation after a first night that went well."""
    installation = copied(county, next(homes))
    assert installation.night(installation.first_night).status == "accepted", installation.error
    return installation


def _hold(installation: OneSource, schedule: list[dict[str, Any]], days: int) -> str:
    night = installation.first_night + timedelta(days=days)
    installation.plant(*schedule)
    record = installation.night(night)
    note(f"night {days}: {record.status} {record.reason}")
    installation.assert_true_or_told(night, record)
    return record.status


def _some(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


@_some(16)
@given(first=schedules)
def test_first_night_is_true_or_told(county: OneSource, homes: Iterator[Path], first: list[dict[str, Any]]):
    installation = copied(county, next(homes))
    _hold(installation, first, 0)
    assert _hold(installation, [], 1) == "accepted"


@_some(10)
@given(second=schedules, third=schedules)
def test_later_nights_are_true_or_told(
    after_one_night: OneSource, homes: Iterator[Path], second: list[dict[str, Any]], third: list[dict[str, Any]]
):
    installation = copied(after_one_night, next(homes))
    _hold(installation, second, 3)
    _hold(installation, third, 4)
    assert _hold(installation, [], 5) == "accepted"
