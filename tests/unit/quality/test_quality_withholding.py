from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from batches import RAW_DIR, a_batch, landed

from narvaro.quality import check_load, standing_failures, withhold_ids, write_quarantine

SUITE = RAW_DIR / "raw__attendances.yml"
LOAD = "20260919-s-attendances-aaaaaa"
NEXT_LOAD = "20260920-s-attendances-aaaaaa"


@pytest.fixture
def judged(tmp_path):
    """A load with a faulty row about each of three pupils: its file and its verdict."""
    batch = a_batch(
        "attendances",
        3,
        load_id=LOAD,
        first_row=40,
        attendance_id=["a", "b", "c"],
        person_id=["p", "hidden", "q"],
        attended_minutes=[-1, -1, -1],
    )
    path = landed(tmp_path / LOAD, batch)
    verdict = check_load(
        SUITE, load_id=LOAD, source="s", entity="attendances", files=[path], timezone=ZoneInfo("UTC"), tolerated_rows=9
    )
    return path, verdict


def test_rows_of_hidden_people_count_and_are_not_named(judged):
    path, verdict = judged
    told = withhold_ids(verdict, [path], {"hidden"})
    (failure,) = told.failures
    assert (failure.rule, failure.count, failure.record_ids) == ("impossible_minutes", 3, ("a", "c"))
    assert [(row.row, row.record_id) for row in told.faulty_rows] == [(40, "a"), (41, None), (42, "c")]
    assert told.quarantined_rows == verdict.quarantined_rows == 3


def test_nothing_changes_where_nobody_is_hidden(judged):
    path, verdict = judged
    assert withhold_ids(verdict, [path], set()) is verdict
    assert withhold_ids(verdict, [path], {"somebody else"}) is verdict


def test_rows_about_no_person_are_named(tmp_path):
    suite = RAW_DIR / "raw__lessons.yml"
    load_id = "20260919-s-lessons-aaaaaa"
    path = landed(tmp_path, a_batch("lessons", 1, load_id=load_id, lesson_id=["x"], lesson_minutes=[-1]))
    verdict = check_load(
        suite, load_id=load_id, source="s", entity="lessons", files=[path], timezone=ZoneInfo("UTC"), tolerated_rows=9
    )
    assert verdict.faulty_rows
    assert withhold_ids(verdict, [path], {"hidden"}) is verdict


def test_a_standing_fault_forgets_who_is_hidden_by_now(tmp_path, judged):
    path, verdict = judged
    quarantine = write_quarantine(tmp_path / "quarantine", verdict)
    later = landed(
        tmp_path / NEXT_LOAD,
        a_batch("attendances", 1, load_id=NEXT_LOAD, attendance_id=["c"], person_id=["q"], attended_minutes=[5]),
    )
    faults = {"fault_files": [quarantine], "load_files": [path, later]}
    (before,) = standing_failures(SUITE, **faults)
    assert (before.count, before.record_ids) == (2, ("a", "b"))
    (now,) = standing_failures(SUITE, **faults, hidden_people={"hidden"})
    assert (now.count, now.record_ids) == (2, ("a",))
