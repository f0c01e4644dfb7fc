"""Whatever a server does, when and in whatever mixture: what stands is the truth, or nobody sees the night.

The truth is what a plain client gets from the same server at the night's moment with only the faults of
STANDS_FOR: they change what the server holds and would stand for (units that it does not share, rows that it
has deleted, attributes that it does not give). Every other fault changes how it tells of that, and must
not change what stands after an accepted night.

Two things no answer of one night shows, and a whole read does: what was taken away without a word, and a
change that a read by time of change silently leaves out. So the sources of `read_whole` read whole every
night, and short pulls and untold losses are mixed there; what is mixed for the other sources must be
noticed by a read by time of change as well. Left out for all are lists that come back empty and that nothing refers to
(`empty` of notices and grades, short pulls of more than MOST_LOST rows): nobody can tell how many
rows they have.
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


# What a server holds, or gives to nobody.
STANDS_FOR = ("narrowed", "mass_deletion", "republished", "stripped", "unknown_enum", "version_2_0")
STANDS_FOR += ("protected_omitted", "late_commits")
# How it may tell of that, beside what is mixed for every source.
UNTOLD = ("short_pull", "no_deletions", "deletions_404", "pruned_deletions")
TOLD_OTHERWISE = (
    "empty",
    "unordered",
    "endless_tokens",
    "token_omitted",
    "no_meta",
    "civic_spelling",
    "redirect",
    "gzip",
)
MOST_LOST = 10
DELETED = ("attendances", "calendarEvents", "persons", "groups", "grades")
_shares = st.sampled_from((0.002, 0.02, 0.4))
# A hole in one of these shows in other rows, an empty list of registers in the source's own sums.
REFERRED_TO = ("organisations", "activities", "persons", "groups", "calendarEvents", "attendances")


OPTIONS: dict[str, dict[str, SearchStrategy[Any]]] = {
    "clock_skew": {"seconds": st.sampled_from((-7200, -60, 60, 7200))},
    "empty": {"resource": st.sampled_from(REFERRED_TO)},
    "short_pull": {"rows": st.integers(1, MOST_LOST)},
    "unordered": {"rows": st.integers(1, MOST_LOST)},
    "unknown_enum": {"fields": st.just(("sex", "groupType", "personStatus"))},
    "narrowed": {"share": _shares},
    "republished": {"share": _shares},
    "mass_deletion": {"share": _shares, "resource": st.sampled_from(DELETED)},
    "readded": {"resource": st.sampled_from(DELETED)},
}


def _shaped(kind: str) -> SearchStrategy[dict[str, Any]]:
    options: dict[str, SearchStrategy[Any]] = {"kind": st.just(kind)}
    if kind in SHAPES:
        options["shape"] = st.sampled_from(SHAPES[kind])
    if kind in STATUSES:
        options["status"] = st.sampled_from(STATUSES[kind])
    if kind == "busy":
        options["retry_after"] = st.sampled_from(("none", "0", "1", "date", "7200", "soon"))
    options |= OPTIONS.get(kind, {})
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
_held = st.sampled_from(STANDS_FOR).flatmap(_shaped)
_untold = st.one_of(
    st.tuples(st.sampled_from(("short_pull", *TOLD_OTHERWISE)).flatmap(_shaped), _timed).map(
        lambda parts: {**parts[1], **parts[0]}
    ),
    st.sampled_from(UNTOLD[1:]).flatmap(_shaped),
)
whole_schedules = st.tuples(
    st.lists(_held, max_size=2, unique_by=lambda fault: fault["kind"]),
    st.lists(st.one_of(_untold, _untold, _fault), min_size=1, max_size=2),
).map(lambda parts: [*parts[0], *parts[1]])


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
def read_whole(county: OneSource, homes: Iterator[Path]) -> OneSource:
    """An installation that has read nothing yet and reads whole every night."""
    installation = copied(county, next(homes))
    installation.set_up(plan={"full_every_days": 1})
    return installation


@pytest.fixture(scope="module")
def after_one_night(county: OneSource, homes: Iterator[Path]) -> OneSource:
    """The installation after a first night that went well."""
    installation = copied(county, next(homes))
    assert installation.night(installation.first_night).status == "accepted", installation.error
    return installation


@pytest.fixture(scope="module")
def whole_after_one_night(read_whole: OneSource, homes: Iterator[Path]) -> OneSource:
    """The same after a first night that went well."""
    installation = copied(read_whole, next(homes))
    assert installation.night(installation.first_night).status == "accepted", installation.error
    return installation


def _hold(installation: OneSource, schedule: list[dict[str, Any]], days: int) -> str:
    night = installation.first_night + timedelta(days=days)
    installation.plant(*schedule)
    record = installation.night(night)
    note(f"night {days}: {record.status} {record.reason}")
    stands_for = [fault for fault in schedule if fault["kind"] in STANDS_FOR]
    installation.assert_true_or_told(night, record, stands_for=stands_for)
    return record.status


def _hold_and_mend(installation: OneSource, schedule: list[dict[str, Any]]) -> None:
    # A question that nobody has answered is taken back by the next night, which may put one of its own.
    if _hold(installation, schedule, 3) != "held":
        assert _hold(installation, [], 4) in {"accepted", "held"}


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


@_some(5)
@given(first=whole_schedules)
def test_first_night_of_a_server_that_loses_rows_is_true_or_told(
    read_whole: OneSource, homes: Iterator[Path], first: list[dict[str, Any]]
):
    _hold(copied(read_whole, next(homes)), first, 0)


@_some(5)
@given(second=whole_schedules)
def test_later_nights_of_a_server_that_loses_rows_are_true_or_told(
    whole_after_one_night: OneSource, homes: Iterator[Path], second: list[dict[str, Any]]
):
    _hold_and_mend(copied(whole_after_one_night, next(homes)), second)


@pytest.mark.slow
@_some(100)
@given(schedule=whole_schedules, is_first=st.booleans())
def test_nights_of_a_server_that_loses_rows_are_true_or_told(
    read_whole: OneSource,
    whole_after_one_night: OneSource,
    homes: Iterator[Path],
    schedule: list[dict[str, Any]],
    is_first: bool,  # noqa: FBT001 - drawn
):
    if is_first:
        _hold(copied(read_whole, next(homes)), schedule, 0)
    else:
        _hold_and_mend(copied(whole_after_one_night, next(homes)), schedule)
