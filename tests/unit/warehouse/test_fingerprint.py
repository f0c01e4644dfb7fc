"""A warehouse is built again when anything it rests on has changed, and only then."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pytest

from narvaro.warehouse import LandedLoad, WarehouseContent
from narvaro.warehouse.fingerprint import fingerprint, is_built_from, keep_fingerprint

if TYPE_CHECKING:
    from pathlib import Path

LOAD = LandedLoad("20260919-a-lessons-0a0b0c", "a", "lessons", date(2026, 9, 19))


@pytest.fixture
def project_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "dbt" / "models"
    folder.mkdir(parents=True)
    (folder / "fct.sql").write_text("select 1", encoding="utf-8")
    return tmp_path / "dbt"


@pytest.fixture
def content(tmp_path: Path) -> WarehouseContent:
    quarantined = tmp_path / "quarantined.parquet"
    quarantined.write_bytes(b"rows")
    return WarehouseContent({}, [LOAD], {"night": pa.table({"night": [date(2026, 9, 19)]})}, [quarantined])


def test_same_content_has_the_same_fingerprint_in_any_order(content: WarehouseContent, project_dir: Path):
    other = replace(LOAD, load_id="20260919-b-lessons-0a0b0c")
    forwards = replace(content, loads=[LOAD, other])
    backwards = replace(content, loads=[other, LOAD])
    assert fingerprint(forwards, project_dir) == fingerprint(backwards, project_dir)


def test_every_part_of_the_content_counts(content: WarehouseContent, project_dir: Path):
    before = fingerprint(content, project_dir)
    assert fingerprint(replace(content, loads=[]), project_dir) != before
    stale = {"night": pa.table({"night": [date(2026, 9, 20)]})}
    assert fingerprint(replace(content, references=stale), project_dir) != before
    content.quarantine_files[0].write_bytes(b"other rows")
    assert fingerprint(content, project_dir) != before


def test_changed_model_counts(content: WarehouseContent, project_dir: Path):
    before = fingerprint(content, project_dir)
    (project_dir / "models" / "fct.sql").write_text("select 2", encoding="utf-8")
    assert fingerprint(content, project_dir) != before


def test_fingerprint_travels_inside_the_file(tmp_path: Path):
    path = tmp_path / "warehouse.duckdb"
    assert not is_built_from(path, "abc")
    duckdb.connect(str(path)).close()
    assert not is_built_from(path, "abc")
    keep_fingerprint(path, "abc")
    assert is_built_from(path, "abc")
    assert not is_built_from(path, "abd")
    path.write_bytes(b"not a database")
    assert not is_built_from(path, "abc")
