"""A list that is asked for once more with other pages: what one of them loses shows, and what is whole is accepted."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from school_system import Answer, an_attendance, an_id, json_answer

from narvaro.errors import ShortPullError
from narvaro.sources import Reading

ATTENDANCES = "/attendances"
MANY_PAGES = 30


@pytest.fixture
def read(read_all):
    def read(**changes):
        rows = read_all(**{"plan": {"look_twice": True}, "page_size": 6} | changes)
        return {row["attendance_id"] for row in rows["attendances"]}

    return read


def register_of(system, count):
    system.rows[ATTENDANCES] = [an_attendance(str(number)) for number in range(count)]
    return {an_id(f"attendance {number}") for number in range(count)}


def lose(system, lost, *, from_request=1, times=1000):
    """Leave out the last rows of some of the pages of registers."""
    asked = []

    def answer(request):
        if request.path != ATTENDANCES:
            return None
        asked.append(request)
        if not from_request <= len(asked) < from_request + times:
            return None
        content = json.loads(system._page(request).body)
        return json_answer({**content, "data": content["data"][:-lost]})

    system.misbehaviours.append(answer)


@pytest.mark.parametrize("count", [1, 2, 5, 6, 7, 12, 40, 6 * MANY_PAGES])
def test_whole_list_is_read_and_looked_at_twice(system, read, count):
    wanted = register_of(system, count)
    assert read() == wanted
    walked = -(-count // 6)
    assert len(system.requests_of(ATTENDANCES)) > walked


def test_a_list_of_many_pages_is_looked_at_in_its_beginning_only(system, read):
    register_of(system, 6 * MANY_PAGES)
    read()
    limits = [request.get("limit") for request in system.requests_of(ATTENDANCES)]
    assert (limits.count("6"), limits.count("4")) == (MANY_PAGES, 2)


@pytest.mark.parametrize("lost", [1, 2])
@pytest.mark.parametrize("count", [4, 6, 7, 12, 40])
def test_list_that_loses_rows_at_the_ends_of_pages_is_refused(system, read, count, lost):
    register_of(system, count)
    lose(system, lost)
    with pytest.raises(ShortPullError, match="lost at the ends of pages") as refusal:
        read()
    assert set(refusal.value.left_out) == {"attendances"}


def test_list_of_many_pages_that_loses_rows_is_refused(system, read):
    register_of(system, 30 * MANY_PAGES)
    lose(system, 2)
    with pytest.raises(ShortPullError):
        read(page_size=30)


@pytest.mark.parametrize("page", [1, 2, 3])
def test_single_page_that_loses_rows_is_noticed_in_a_list_of_few(system, read, page):
    register_of(system, 17)
    lose(system, 2, from_request=page, times=1)
    with pytest.raises(ShortPullError):
        read()


def test_empty_list_has_no_beginning(system, read):
    assert read() == set()
    assert len(system.requests_of(ATTENDANCES)) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_second_look_that_is_refused_proves_nothing(system, read, status):
    wanted = register_of(system, 4)
    system.misbehave_once(ATTENDANCES, Answer(status), on_page=2, times=1000)
    assert read() == wanted


def test_tokens_that_forget_the_filters_prove_nothing(system, read):
    """Of one page no token was needed; the second look's own bring what nobody asked for."""
    wanted = register_of(system, 4)
    old = an_attendance("old", meta={"modified": "2020-01-01T00:00:00Z"})
    system.misbehave_once(ATTENDANCES, json_answer({"data": [old]}), on_page=2)
    assert read(readings={ATTENDANCES: Reading("cursor", datetime(2026, 1, 1, tzinfo=UTC))}) == wanted


def test_row_that_changed_since_is_not_missed(system, read):
    wanted = register_of(system, 4)
    late = an_attendance("late", meta={"modified": "2099-01-01T00:00:00Z"})
    system.misbehave_once(ATTENDANCES, json_answer({"data": [*system.rows[ATTENDANCES], late]}), on_page=2)
    assert read() == wanted
