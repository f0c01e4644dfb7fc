from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from landed_school import LandedSchool

from narvaro.landing import STEPS, LandedFile, expired_rows, expiry, keep_only, write_without
from narvaro.landing.manifest import MANIFEST_NAME, Manifest, sha256

FIRST = date(2027, 7, 1)
OLD_NIGHT, NEW_NIGHT = date(2027, 5, 3), date(2027, 9, 13)
OLD_DAY, NEW_DAY = date(2027, 4, 30), date(2027, 9, 10)


@pytest.fixture
def school(tmp_path):
    school = LandedSchool(tmp_path)
    old = [{"lesson_id": f"old-{n}", "school_date": OLD_DAY} for n in range(2)]
    # Planned in the spring, held in the autumn.
    school.land(OLD_NIGHT, "lessons", [*old, {"lesson_id": "moved", "school_date": OLD_DAY}])
    school.land(
        NEW_NIGHT,
        "lessons",
        [{"lesson_id": "moved", "school_date": NEW_DAY}, {"lesson_id": "new", "school_date": NEW_DAY}],
    )
    return school


def gone(school, class_name, entity):
    """Give the rows that are older than is kept, as (night, row)."""
    (step,) = [step for step in STEPS if step[:2] == (class_name, entity)]
    batches = expired_rows(school.before(date.max), step, FIRST, school.folder)
    return {(path.parent.name[:8], int(row)) for found in batches for path, rows in found.rows.items() for row in rows}


def test_files_are_judged_in_batches_and_those_that_judge_themselves_whole(school, monkeypatch):
    monkeypatch.setattr(expiry, "_FILES_AT_ONCE", 1)
    for night in (OLD_NIGHT, NEW_NIGHT):
        school.land(night, "attendances", [{"lesson_id": "new"}, {"lesson_id": "old-0"}])
    assert gone(school, "lesson_facts", "attendances") == {("20270503", 1), ("20270913", 1)}
    assert gone(school, "lesson_facts", "lessons") == {("20270503", 0), ("20270503", 1)}


def test_lesson_goes_by_its_day_and_stays_while_any_version_is_kept(school):
    assert gone(school, "lesson_facts", "lessons") == {("20270503", 0), ("20270503", 1)}


def test_register_goes_with_its_lesson_whenever_it_came(school):
    school.land(OLD_NIGHT, "attendances", [{"lesson_id": lesson} for lesson in ("old-0", "moved", "unheard-of", None)])
    school.land(NEW_NIGHT, "attendances", [{"lesson_id": lesson} for lesson in ("old-1", "new", "unheard-of")])
    # A correction of an old register goes too; one of no known lesson stands for the night that brought it.
    assert gone(school, "lesson_facts", "attendances") == {("20270503", 0), ("20270503", 2), ("20270913", 0)}


def test_register_goes_by_its_night_where_no_lesson_has_landed(tmp_path):
    school = LandedSchool(tmp_path)
    for night in (OLD_NIGHT, NEW_NIGHT):
        school.land(night, "attendances", [{"lesson_id": "x"}])
    assert gone(school, "lesson_facts", "attendances") == {("20270503", 0)}


def test_sums_notices_and_grades_go_by_their_own_days(school):
    school.land(NEW_NIGHT, "aggregated_attendances", [{"end_date": OLD_DAY}, {"end_date": NEW_DAY}, {}])
    old, new = (datetime(day.year, day.month, day.day, 9, tzinfo=UTC) for day in (OLD_DAY, NEW_DAY))
    school.land(OLD_NIGHT, "absence_notices", [{"started_at": old, "ended_at": new}, {"started_at": old}, {}])
    school.land(OLD_NIGHT, "grades", [{"registered_date": OLD_DAY}, {"registered_date": NEW_DAY}, {}])
    assert gone(school, "lesson_facts", "aggregated_attendances") == {("20270913", 0)}
    assert gone(school, "lesson_facts", "absence_notices") == {("20270503", 1), ("20270503", 2)}
    assert gone(school, "grades", "grades") == {("20270503", 0), ("20270503", 2)}


def test_pupil_goes_when_its_last_enrolment_ended_or_it_was_deleted(school):
    people = ["left", "came-back", "goes-on", "deleted", "deleted-and-back", "without-enrolment"]
    school.land(OLD_NIGHT, "pupils", [{"person_id": person} for person in people])
    ends = {"left": OLD_DAY, "came-back": OLD_DAY, "goes-on": None}
    school.land(OLD_NIGHT, "enrolments", [{"person_id": person, "end_date": end} for person, end in ends.items()])
    school.land(NEW_NIGHT, "enrolments", [{"person_id": "came-back", "end_date": NEW_DAY}])
    school.land(NEW_NIGHT, "pupils", [{"person_id": "deleted-and-back"}])
    deleted = [{"entity": "pupils", "record_id": person} for person in ("deleted", "deleted-and-back")]
    school.land(OLD_NIGHT, "deletions", [*deleted, {"entity": "lessons", "record_id": "goes-on"}])
    school.land(OLD_NIGHT, "group_memberships", [{"person_id": person} for person in people])
    assert gone(school, "register", "pupils") == {("20270503", 0), ("20270503", 3)}
    assert gone(school, "register", "group_memberships") == {("20270503", 0), ("20270503", 3)}
    assert gone(school, "register", "enrolments") == {("20270503", 0)}


def test_steps_keep_what_later_ones_are_judged_by():
    entities = [entity for _, entity, _ in STEPS]
    assert entities.index("attendances") < entities.index("lessons")
    assert entities[-1] == "enrolments"


def a_load(folder, rows, group_rows):
    folder.mkdir(parents=True)
    table = pa.table({"name": [f"n{row}" for row in range(rows)], "_row": pa.array(range(rows), pa.int64())})
    path = folder / "part-0000.parquet"
    pq.write_table(table, path, row_group_size=group_rows)
    file = LandedFile(path.name, rows, path.stat().st_size, sha256(path))
    moment = datetime(2027, 9, 13, tzinfo=UTC)
    manifest = Manifest(
        *("l", "s", "lessons", NEW_NIGHT, rows, file.bytes, moment, None, moment, None, "f", rows, None, (file,))
    )
    manifest.write(folder / MANIFEST_NAME)
    return file


def without(table, is_doomed):
    return table.filter(pa.compute.invert(is_doomed))


def found_rows(path, *numbers):
    from narvaro.landing import FoundRows

    return FoundRows({path: np.array(numbers, np.int64)})


def test_file_is_written_anew_under_another_name_and_keeps_its_row_numbers(tmp_path):
    folder = tmp_path / "lessons" / "s" / "l"
    file = a_load(folder, 10, 4)
    (kept,) = write_without(folder, (file,), found_rows(folder / file.name, 0, 1, 2, 3, 9), without)
    assert (kept.name, kept.rows) == ("part-0000-2.parquet", 5)
    assert pq.read_table(folder / kept.name).column("_row").to_pylist() == [4, 5, 6, 7, 8]
    # Until the ledger rests on the new one, the old one is there.
    assert (folder / file.name).exists()
    assert keep_only(folder, {kept.name}) == [file.name]
    assert sorted(path.name for path in folder.iterdir()) == [MANIFEST_NAME, kept.name]
    (again,) = write_without(folder, (kept,), found_rows(folder / kept.name, 4), without)
    assert (again.name, again.rows) == ("part-0000-3.parquet", 4)
    assert oct((folder / again.name).stat().st_mode)[-3:] == "600"


def test_file_without_a_row_left_goes(tmp_path):
    folder = tmp_path / "lessons" / "s" / "l"
    file = a_load(folder, 3, 3)
    assert write_without(folder, (file,), found_rows(folder / file.name, 0, 1, 2), without) == ()
    keep_only(folder, set())
    assert [path.name for path in folder.iterdir()] == [MANIFEST_NAME]


def test_half_a_file_of_a_killed_run_is_written_over(tmp_path):
    folder = tmp_path / "lessons" / "s" / "l"
    file = a_load(folder, 3, 3)
    (folder / "part-0000-2.parquet").write_bytes(b"half")
    (kept,) = write_without(folder, (file,), found_rows(folder / file.name, 0), without)
    assert kept.sha256 == sha256(folder / "part-0000-2.parquet")
