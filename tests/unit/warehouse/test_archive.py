from __future__ import annotations

import stat

import duckdb
import pytest

from narvaro.errors import BuildError
from narvaro.warehouse import archive_sums, archived_files
from narvaro.warehouse.archive import add_archived


@pytest.fixture
def warehouse(tmp_path):
    path = tmp_path / "warehouse" / "warehouse.duckdb"
    path.parent.mkdir()
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        years = "select '2024/25' as school_year, 5 as minutes union all select '2026/27', 7"
        connection.execute(f"create table marts.fct_absence_by_county_week as {years}")
        connection.execute(f"create table marts.fct_absence_by_pupil_term as select *, 'p' as pupil_id from ({years})")
        connection.execute(f"create table marts.dim_school_day as {years}")
    return path


def rows(path):
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute("select * from marts.fct_absence_by_county_week order by all").fetchall()


def change(path, statement):
    with duckdb.connect(str(path)) as connection:
        connection.execute(statement)


def test_sums_of_old_years_are_written_down_without_pupils(warehouse):
    (path,) = archive_sums(warehouse, "2026/27", warehouse.parent / "kept-sums")
    assert path.relative_to(warehouse.parent).as_posix() == "kept-sums/fct_absence_by_county_week/2024-25.parquet"
    assert archived_files(warehouse.parent / "kept-sums") == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (path.parent, path.parent.parent)} == {0o700}


def test_sums_that_were_written_down_stand(warehouse):
    (path,) = archive_sums(warehouse, "2026/27", warehouse.parent / "kept-sums")
    before = path.read_bytes()
    change(warehouse, "update marts.fct_absence_by_county_week set minutes = 0")
    assert archive_sums(warehouse, "2026/27", warehouse.parent / "kept-sums") == []
    assert path.read_bytes() == before


def test_kept_sums_take_the_place_of_what_is_left_of_their_year(warehouse):
    archive_sums(warehouse, "2026/27", warehouse.parent / "kept-sums")
    change(warehouse, "update marts.fct_absence_by_county_week set minutes = 1")
    add_archived(warehouse, archived_files(warehouse.parent / "kept-sums"))
    assert rows(warehouse) == [("2024/25", 5), ("2026/27", 1)]


def test_mart_that_has_grown_a_column_takes_old_sums_with_it_empty(warehouse):
    archive_sums(warehouse, "2026/27", warehouse.parent / "kept-sums")
    change(warehouse, "alter table marts.fct_absence_by_county_week add column pupils_count integer")
    add_archived(warehouse, archived_files(warehouse.parent / "kept-sums"))
    assert ("2024/25", 5, None) in rows(warehouse)


def test_nothing_is_written_down_of_a_damaged_warehouse(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(b"x" * 100)
    with pytest.raises(BuildError, match="nothing was removed"):
        archive_sums(path, "2026/27", tmp_path / "kept-sums")
