"""Every habit that real servers show, by number, over real HTTP, through the real line.

What must hold of each night is the same everywhere: what stands is the truth of the night's
moment, or the night is kept from everybody and says why.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from landed_values import landed_words
from one_source import NAME, is_told, is_true_or_told, lands_true

from narvaro.orchestration.probing import probe_source

if TYPE_CHECKING:
    from one_source import OneSource


@pytest.mark.parametrize("fields", [(), ("created", "modified")])
def test_habit_01_times_without_offset_and_with_microseconds(source: OneSource, fields: tuple[str, ...]):
    habit = ({"kind": "naive_times", "fields": fields}, {"kind": "microseconds"})
    source.plant(*habit)
    probe_source(source.line, NAME)
    lands_true(source, *habit)


def test_habit_01_times_that_lose_their_offset_are_refused_until_a_person_looks(source: OneSource):
    """So few lessons change in a night that their hours do not tell the zone."""
    reason = is_told(source, "refused", {"kind": "naive_times"}, {"kind": "microseconds"})
    assert "until now the source told offsets" in reason


def test_habit_02_token_that_forgets_the_filters(source: OneSource):
    is_true_or_told(source, {"kind": "forgets_filters"})


def test_habit_02_token_that_forgets_the_filters_is_given_them_again(source: OneSource):
    source.set_up(resend_filters="always")
    lands_true(source, {"kind": "forgets_filters"})


@pytest.mark.parametrize(
    "fault",
    [{"kind": "wants_filters"}, {"kind": "wants_filters", "shape": "required"}, {"kind": "token_alone"}],
)
def test_habit_03_window_repeated_with_the_token_or_token_alone(source: OneSource, fault: dict[str, Any]):
    lands_true(source, fault)


def test_habit_04_token_that_is_an_offset(source: OneSource):
    lands_true(source, {"kind": "offset_tokens"})


@pytest.mark.parametrize("seconds", [60, 3600])
def test_habit_04_token_that_is_an_offset_while_data_move(source: OneSource, seconds: int):
    is_true_or_told(source, {"kind": "offset_tokens", "seconds": seconds})


@pytest.mark.parametrize("shape", ["local", "utc"])
def test_habit_05_offset_of_the_filter_ignored(source: OneSource, shape: str):
    is_true_or_told(source, {"kind": "ignores_offset", "shape": shape})


def test_habit_06_plus_sign_of_an_offset_never_arrives_as_a_space(source: OneSource, monkeypatch: pytest.MonkeyPatch):
    walks = source.simulator.servers._walks
    position, asked = walks.position, []
    monkeypatch.setattr(walks, "position", lambda visit, given: asked.extend(given) or position(visit, given))
    lands_true(source)
    times = [value for name, value in asked if name.endswith((".before", ".after", "OrAfter", "OrBefore"))]
    assert times
    assert not [
        value for value in times if " " in value or not re.search(r"Z$|[+-]\d\d:\d\d$|^\d{4}-\d\d-\d\d$", value)
    ]


@pytest.mark.parametrize("shape", ["detail", "details", "empty", "html", "code"])
def test_habit_07_error_bodies_of_many_shapes(source: OneSource, shape: str):
    reason = is_told(source, "refused", {"kind": "error_shape", "shape": shape, "resource": "attendances"})
    assert "/attendances" in reason
    assert "?" not in reason


@pytest.mark.parametrize("shape", ["mixed", "plain", "dashed", "short"])
def test_habit_08_civic_numbers_in_every_spelling_are_one_pupil(new: OneSource, shape: str):
    lands_true(new, {"kind": "civic_spelling", "shape": shape}, night=new.first_night)


def test_habit_09_unknown_filters_ignored(source: OneSource):
    is_true_or_told(source, {"kind": "ignores_filters"})


@pytest.mark.parametrize("shape", ["singular", "plural", "lower"])
def test_habit_10_deletions_as_a_flat_list(source: OneSource, shape: str):
    lands_true(source, {"kind": "flat_deletions", "shape": shape})


@pytest.mark.parametrize("shape", ["empty", "missing", "null"])
def test_habit_10_deletions_never_told_are_found_by_a_whole_read(source: OneSource, shape: str):
    source.set_up(plan={"full_every_days": 1})
    lands_true(source, {"kind": "no_deletions", "shape": shape})


def test_habit_10_deletions_not_served_are_found_by_a_whole_read(new: OneSource):
    new.set_up(plan={"full_every_days": 1})
    lands_true(new, {"kind": "deletions_404"}, night=new.first_night)
    lands_true(new, {"kind": "deletions_404"})


def test_habit_11_missing_required_fields(source: OneSource):
    assert "isReported" in is_told(source, "refused", {"kind": "wrong_header"})


def test_habit_11_extra_fields_and_names_nobody_asked_for(source: OneSource):
    lands_true(source, {"kind": "extra_fields"}, {"kind": "names_unasked"})
    assert not source.names() & landed_words(source)


def test_habit_11_values_outside_the_document_arelanded(new: OneSource):
    lands_true(new, {"kind": "unknown_enum", "share": 0.02, "fields": ("sex",)}, night=new.first_night)


def test_habit_12_modified_that_is_the_start_of_the_lesson(new: OneSource):
    lands_true(new, {"kind": "modified_is_start"}, night=new.first_night)
    lands_true(new, {"kind": "modified_is_start"})


def test_habit_13_protected_pupils_sent_complete(new: OneSource):
    lands_true(new, {"kind": "protected_complete"}, night=new.first_night)
    assert not new.names() & landed_words(new)


@pytest.mark.parametrize("shape", ["empty", "repeat"])
def test_habit_14_tokens_that_never_end(source: OneSource, shape: str):
    is_told(source, "refused", {"kind": "endless_tokens", "shape": shape, "resource": "attendances"})


@pytest.mark.parametrize("shape", ["same", "fresh"])
def test_habit_14_the_same_page_again_and_again(source: OneSource, shape: str):
    is_told(source, "refused", {"kind": "same_page", "shape": shape, "resource": "attendances"})


@pytest.mark.parametrize("status", [410, 400, 404, 422])
def test_habit_15_page_token_expires_in_the_middle_of_a_walk(new: OneSource, status: int):
    expired = {"kind": "expired_token", "status": status, "resource": "attendances", "from_request": 4, "times": 1}
    lands_true(new, expired, night=new.first_night)


def test_habit_15_bearer_token_runs_out_in_the_middle_of_a_walk(new: OneSource):
    lands_true(new, {"kind": "unauthorized", "shape": "spent", "rows": 3}, night=new.first_night)


@pytest.mark.parametrize("retry_after", ["none", "0", "1", "date", "soon"])
@pytest.mark.parametrize("status", [429, 503])
def test_habit_15_asked_to_wait(source: OneSource, status: int, retry_after: str):
    busy = {"kind": "busy", "status": status, "retry_after": retry_after, "from_request": 2, "times": 2, "seconds": 1}
    lands_true(source, {**busy, "resource": "attendances"}, {**busy, "resource": "persons"})


def test_habit_15_asked_to_wait_longer_than_we_can(source: OneSource):
    is_told(source, "silent", {"kind": "busy", "retry_after": "7200", "resource": "groups"})


@pytest.mark.parametrize("status", [503, 413])
def test_habit_15_page_too_large(new: OneSource, status: int):
    lands_true(new, {"kind": "too_large", "status": status, "rows": 100}, night=new.first_night)
