from __future__ import annotations

import stat
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest
from batches import RAW_DIR, a_batch, landed

from narvaro.errors import LandingError
from narvaro.quality import check_load, quarantine_path, remarks_path, standing_failures, write_quarantine

SUITE = RAW_DIR / "raw__attendances.yml"
FIRST, SECOND, THIRD = (f"202609{day}-s-attendances-aaaaaa" for day in (19, 20, 21))


@pytest.fixture
def night(tmp_path):
    """Land and check a night's attendances; gives the landed file and the files of faults."""

    def _night(load_id, **columns):
        rows = len(next(iter(columns.values())))
        path = landed(tmp_path / load_id, a_batch("attendances", rows, load_id=load_id, **columns))
        verdict = check_load(
            SUITE, load_id=load_id, source="s", entity="attendances", files=[path], timezone=ZoneInfo("UTC")
        )
        write_quarantine(tmp_path / "quarantine", verdict)
        places = (quarantine_path(tmp_path / "quarantine", verdict), remarks_path(tmp_path / "quarantine", verdict))
        return path, [place for place in places if place.exists()]

    return _night


def standing(*nights, deletions=()):
    failures = standing_failures(
        SUITE,
        fault_files=[fault for _, faults in nights for fault in faults],
        load_files=[path for path, _ in nights],
        deletion_files=deletions,
    )
    return {failure.rule: (failure.count, failure.record_ids) for failure in failures}


def test_held_rows_are_named_for_the_warehouse(tmp_path, night):
    _, (path,) = night(FIRST, attendance_id=["a", "b"], attended_minutes=[-1, 5])
    assert path == tmp_path / "quarantine" / "attendances" / "s" / f"{FIRST}.parquet"
    assert pq.read_table(path).to_pylist() == [
        {"_source": "s", "_load_id": FIRST, "_row": 0, "rule": "impossible_minutes", "record_id": "a"}
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_remarks_are_kept_apart_from_held_rows(tmp_path, night):
    _, (path,) = night(FIRST, attendance_id=["a", "a"])
    assert path.is_relative_to(tmp_path / "quarantine" / "_remarks")


def test_a_second_check_without_faults_takes_the_file_away(tmp_path, night):
    _, (path,) = night(FIRST, attendance_id=["a"], attended_minutes=[-1])
    night(FIRST, attendance_id=["a"], attended_minutes=[1])
    assert not path.exists()
    assert [path for path in (tmp_path / "quarantine").rglob("*") if path.is_file()] == []


def test_a_quarantine_that_cannot_be_written_is_a_clear_error(tmp_path, night):
    (tmp_path / "quarantine").write_text("in the way")
    with pytest.raises(LandingError, match="quarantine cannot be written"):
        night(FIRST, attendance_id=["a"], attended_minutes=[-1])


def test_a_fault_stands_while_nobody_mentions_it(night):
    first = night(FIRST, attendance_id=["a", "b"], attended_minutes=[-1, -1])
    second = night(SECOND, attendance_id=["c"])
    assert standing(first, second) == {"impossible_minutes": (2, ("a", "b"))}


def test_a_fault_is_mended_by_a_sound_version(night):
    first = night(FIRST, attendance_id=["a", "b"], attended_minutes=[-1, -1])
    second = night(SECOND, attendance_id=["a"], attended_minutes=[40])
    assert standing(first, second) == {"impossible_minutes": (1, ("b",))}


def test_a_fault_that_comes_again_counts_once(night):
    first = night(FIRST, attendance_id=["a"], attended_minutes=[-1])
    second = night(SECOND, attendance_id=["a"], attended_minutes=[-2])
    assert standing(first, second) == {"impossible_minutes": (1, ("a",))}


def test_a_sound_record_can_turn_faulty(night):
    first = night(FIRST, attendance_id=["a"], attended_minutes=[1])
    second = night(SECOND, attendance_id=["a"], attended_minutes=[-1])
    assert standing(first, second) == {"impossible_minutes": (1, ("a",))}


def test_a_deleted_record_is_mended(tmp_path, night):
    first = night(FIRST, attendance_id=["a", "b"], attended_minutes=[-1, -1])
    deletions = landed(
        tmp_path, a_batch("deletions", 1, load_id=SECOND, entity=["attendances"], record_id=["a"]), "deleted.parquet"
    )
    assert standing(first, deletions=[deletions]) == {"impossible_minutes": (1, ("b",))}


def test_a_deletion_before_the_fault_mends_nothing(tmp_path, night):
    deletions = landed(tmp_path, a_batch("deletions", 1, load_id=FIRST, record_id=["a"]), "deleted.parquet")
    second = night(SECOND, attendance_id=["a"], attended_minutes=[-1])
    assert standing(second, deletions=[deletions]) == {"impossible_minutes": (1, ("a",))}


def test_a_row_without_an_id_stands_until_the_next_load(night):
    first = night(FIRST, attendance_id=[None, "b"])
    assert standing(first) == {"attendance_without_id": (1, ())}
    assert standing(first, night(SECOND, attendance_id=["c"])) == {}


def test_remarks_stand_like_held_rows(night):
    first = night(FIRST, attendance_id=["a", "a"])
    second = night(SECOND, attendance_id=["b"])
    assert standing(first, second) == {"repeated_attendance": (1, ("a",))}
    third = night(THIRD, attendance_id=["a"])
    assert standing(first, second, third) == {}


def test_no_faults_ask_nothing():
    assert standing_failures(SUITE, fault_files=[], load_files=[]) == ()
