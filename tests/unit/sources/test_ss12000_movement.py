"""Lists that become shorter while they are read, at servers whose tokens only count rows: no row slides past us."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from school_system import Answer, an_attendance, an_id, json_answer

from narvaro.errors import SourceError
from narvaro.sources import Reading

ATTENDANCES, DELETED = "/attendances", "/deletedEntities"
SINCE = datetime(2026, 9, 18, tzinfo=UTC)
READINGS = {ATTENDANCES: Reading("cursor", SINCE)}
LATE = "2026-09-19T01:00:01Z"


class Counting:
    """A server whose tokens count rows of the list as it stands at the moment of asking."""

    def __init__(self, system, count=9):
        self.rows = [an_attendance(str(number)) for number in range(count)]
        self.deleted = []
        self.walks = 0
        # What happens before the answer to the n-th request with a token.
        self.events = {}
        self._tokens = 0
        system.misbehaviours.append(self.answer)

    def answer(self, request):
        if request.path == DELETED and request.get("after") >= "2026-09-19":
            return json_answer({"data": {"attendances": self.deleted}})
        if request.path != ATTENDANCES:
            return None
        if request.token:
            self._tokens += 1
            self.events.pop(self._tokens, lambda: None)()
        elif request.get("limit") != "1":
            self.walks += 1
        after, before = request.get("meta.modified.after") or "", request.get("meta.modified.before") or "9"
        chosen = [row for row in self.rows if after < row["meta"]["modified"] <= before]
        start, limit = int(request.token or 0), int(request.get("limit"))
        token = str(start + limit) if start + limit < len(chosen) else None
        return json_answer({"data": chosen[start : start + limit], "pageToken": token})

    def delete(self, place=0):
        self.deleted.append(self.rows.pop(place)["id"])

    def commit_late(self):
        """A row whose time of change is older than its coming."""
        self.rows.insert(0, an_attendance(f"late {len(self.rows)}"))

    def change(self, place=0):
        self.rows[place] = self.rows[place] | {"meta": {"modified": LATE}}


@pytest.fixture
def counting(system):
    # Only the token and its limit tell where: filters come with it.
    return Counting(system)


@pytest.fixture
def read(read_all):
    def read(readings=None):
        rows = read_all(readings=READINGS if readings is None else readings, extra={"resend_filters": "always"})
        return [row["attendance_id"] for row in rows["attendances"]]

    return read


def all_ids(count=9):
    return {an_id(f"attendance {number}") for number in range(count)}


def test_a_row_that_slid_past_because_one_before_it_was_deleted_is_found(counting, read):
    counting.events[1] = counting.delete
    found = read()
    assert sorted(found) == sorted(all_ids())
    assert counting.walks == 3


def test_a_row_that_slid_past_because_one_before_it_was_changed_out_of_the_span_is_found(counting, read):
    counting.events[2] = counting.change
    found = read()
    assert sorted(found) == sorted(all_ids())


def test_a_whole_list_too_is_read_until_nothing_is_missing(counting, read):
    counting.events[1] = counting.delete
    counting.events[3] = counting.delete
    found = read({ATTENDANCES: Reading("full")})
    assert sorted(found) == sorted(all_ids())


def test_a_list_that_stood_still_is_walked_once(counting, read):
    assert sorted(read()) == sorted(all_ids())
    assert counting.walks == 1


def test_a_list_of_one_page_is_not_asked_about(system, read):
    counting = Counting(system, count=2)
    assert len(read()) == 2
    assert counting.walks == 1
    assert [request.get("limit") for request in system.requests_of(ATTENDANCES)] == ["2"]


def test_a_list_that_does_not_come_to_rest_is_left_for_later(system, read):
    counting = Counting(system)
    counting.delete()
    counting.events = dict.fromkeys(range(1, 200), counting.commit_late)
    with pytest.raises(SourceError, match="slide between pages"):
        read()


@pytest.mark.parametrize("answer", [Answer(404), Answer(400), Answer(403), Answer(200, b"<html>")])
def test_a_server_that_cannot_be_asked_is_taken_to_have_stood_still(system, counting, read, answer):
    system.misbehaviours.insert(
        0,
        lambda request: (
            answer
            if (request.path == ATTENDANCES and request.get("limit") == "1")
            or (request.path == DELETED and request.get("after") >= "2026-09-19")
            else None
        ),
    )
    assert sorted(read()) == sorted(all_ids())
    assert counting.walks == 1


def test_a_server_that_ignores_the_filter_is_not_walked_again(system, counting, read):
    system.misbehaviours.insert(
        0,
        lambda request: (
            json_answer({"data": counting.rows[:1]})
            if request.path == ATTENDANCES and request.get("limit") == "1"
            else None
        ),
    )
    assert sorted(read()) == sorted(all_ids())
    assert counting.walks == 1
