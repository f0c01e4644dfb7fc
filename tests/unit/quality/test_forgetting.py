from __future__ import annotations

import stat

import numpy as np
import pyarrow.parquet as pq
import pytest

from narvaro.errors import LandingError
from narvaro.quality import FaultyRow, Verdict, forget_rows, quarantine_path, remarks_path, write_quarantine

LOAD = ("source-a", "attendances", "20260919-source-a-attendances-abc123")


@pytest.fixture
def verdict():
    rows = tuple(FaultyRow(row, "rule", f"id-{row}", is_held=held) for row, held in ((1, True), (2, True), (3, False)))
    return Verdict("raw__attendances", "quarantined", 9, LOAD[2], LOAD[0], LOAD[1], faulty_rows=rows)


@pytest.fixture
def folder(tmp_path, verdict):
    write_quarantine(tmp_path, verdict)
    return tmp_path


def forget(folder, *rows, record_ids=()):
    return forget_rows(folder, LOAD, rows=[np.array(rows, np.int64)], record_ids=record_ids)


def test_rows_go_by_number_from_quarantine_and_remarks(folder, verdict):
    assert forget(folder, 1, 3, 8) == 2
    path = quarantine_path(folder, verdict)
    assert pq.ParquetFile(path).read().column("record_id").to_pylist() == ["id-2"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not remarks_path(folder, verdict).exists()
    assert forget(folder, 1, 3, 8) == 0


def test_rows_go_by_id_and_a_file_without_rows_goes(folder, verdict):
    assert forget(folder, record_ids={"id-1", "id-2"}) == 2
    assert not quarantine_path(folder, verdict).exists()
    assert remarks_path(folder, verdict).exists()


def test_load_that_nothing_was_said_of_has_nothing_to_forget(tmp_path):
    assert forget(tmp_path, 1) == 0


def test_damaged_file_is_told_without_its_content(folder, verdict):
    quarantine_path(folder, verdict).write_bytes(b"secret of a row")
    with pytest.raises(LandingError, match="cannot be written anew") as told:
        forget(folder, 1)
    assert "secret" not in str(told.value)
