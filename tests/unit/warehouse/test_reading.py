from __future__ import annotations

import duckdb
import pytest

from narvaro.errors import BuildError
from narvaro.warehouse import read_only


@pytest.fixture
def warehouse_path(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table figures as select 1 as one")
    return path


def test_reading_gives_the_tables(warehouse_path):
    with read_only(warehouse_path) as connection:
        assert connection.execute("select one from figures").fetchall() == [(1,)]


@pytest.mark.parametrize(
    "statement",
    [
        "drop table figures",
        "select * from read_text('/etc/hostname')",
        "copy figures to 'figures.csv'",
        "attach 'other.duckdb'",
        "set enable_external_access = true",
    ],
)
def test_reading_reaches_nothing_else(warehouse_path, statement):
    with read_only(warehouse_path) as connection, pytest.raises(duckdb.Error):
        connection.execute(statement)


def test_reading_before_the_first_build_says_what_to_do(tmp_path):
    with pytest.raises(BuildError, match="narvaro build"), read_only(tmp_path / "none.duckdb"):
        pass


def test_reading_a_broken_file_says_what_to_do(tmp_path):
    path = tmp_path / "broken.duckdb"
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(BuildError, match="Build it anew"), read_only(path):
        pass
