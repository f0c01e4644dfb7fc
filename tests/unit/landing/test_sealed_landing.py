"""Rows that lie sealed are landed, found, told and taken away as plain ones are."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from narvaro.at_rest import Seal, is_sealed, keep_sealed, open_parquet
from narvaro.landing import (
    LandedFile,
    NightLanding,
    find_rows,
    load_files,
    marked_people,
    person_records,
    told_rows,
    verify_load,
    write_without,
)
from narvaro.sources.contract import ENTITIES

NIGHT = date(2026, 9, 19)
UNTIL = datetime(2026, 9, 19, 1, tzinfo=UTC)
PUPILS = 5000
KEYS = {"01" * 8: b"k" * 32}


def name_of(number: int) -> str:
    return hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()


@pytest.fixture(params=[True, False], ids=["sealed", "plain"])
def landed(request, tmp_path):
    """A night of pupils, some of them marked, that lies as asked for."""
    landing_dir = tmp_path / "landing"
    keep_sealed(landing_dir, Seal(KEYS.copy, is_on=request.param))
    rows = [
        {"person_id": name_of(number), "pupil_id": name_of(number // 2), "is_protected": number % 1000 == 0}
        for number in range(PUPILS)
    ]
    with NightLanding(landing_dir, "s", NIGHT, UNTIL, {}) as landing:
        landing.write("pupils", pa.RecordBatch.from_pylist(rows, schema=ENTITIES["pupils"]))
        (manifest,) = landing.seal(None)
    verify_load(landing_dir, manifest)
    paths = load_files(landing_dir, manifest)
    assert {is_sealed(path) for path in paths} == {request.param}
    return landing_dir, manifest, paths


def test_rows_are_found_and_told(landed):
    landing_dir, _, paths = landed
    asked = ("person_id in (select unnest($people::varchar[]))", {"people": [name_of(7), name_of(4000)]})
    found = find_rows({"pupils": paths}, "pupils", *asked, spill_dir=landing_dir)
    assert {path: rows.tolist() for path, rows in found.rows.items()} == {paths[0]: [7, 4000]}
    told = told_rows({"pupils": paths}, "pupils", *asked, spill_dir=landing_dir)
    assert told.column("person_id").to_pylist() == [name_of(7), name_of(4000)]
    assert "filename" not in told.column_names


def test_marks_and_records_are_read(landed):
    landing_dir, _, paths = landed
    marked = marked_people({"pupils": paths}, ENTITIES, landing_dir)
    assert set(marked.column("person_id").to_pylist()) == {name_of(number) for number in range(0, PUPILS, 1000)}
    assert {record.person_id for record in person_records(paths, name_of(3))} == {name_of(6), name_of(7)}


def test_rows_that_are_taken_away_leave_files_that_lie_as_before(landed):
    landing_dir, manifest, paths = landed
    gone = find_rows({"pupils": paths}, "pupils", "_row < 10", {}, spill_dir=landing_dir)
    files = [LandedFile(file.name, file.rows, file.bytes, file.sha256) for file in manifest.files]
    (kept,) = write_without(paths[0].parent, files, gone, lambda table, doomed: table.filter(pc.invert(doomed)))
    rewritten = paths[0].with_name(kept.name)
    assert is_sealed(rewritten) == is_sealed(paths[0])
    with open_parquet(rewritten) as file:
        assert file.read().column("_row").to_pylist() == list(range(10, PUPILS))
