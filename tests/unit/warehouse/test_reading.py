from __future__ import annotations

import duckdb
import pytest

from narvaro.errors import BuildError
from narvaro.warehouse import read_only, read_rows


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


@pytest.fixture
def guarded_path(tmp_path):
    """Two pupils at one unit, one of them protected, who has a record of another name."""
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        for statement in (
            "create schema marts",
            "create schema intermediate",
            "create table marts.dim_pupil as from (values ('a', true), ('b', false)) as p(pupil_id, is_protected)",
            "create table marts.fct_days(pupil_id varchar, unit varchar, minutes int)",
            "insert into marts.fct_days values ('a', 'u', 1), ('b', 'u', 2), (null, 'u', 4)",
            "create table marts.fct_spells as from (values ('old a', 1), ('b', 2)) as spells(person_id, days)",
            "create table marts.fct_sums as from (values ('u', 7)) as sums(unit, minutes)",
            "create table intermediate.int_pupils__identified(person_id varchar, pupil_id varchar)",
            "insert into intermediate.int_pupils__identified values ('old a', 'a'), ('b', 'b')",
        ):
            connection.execute(statement)
    return path


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("select sum(minutes) as n from marts.fct_days", [{"n": 6}]),
        ("select person_id from marts.fct_spells", [{"person_id": "b"}]),
        ("select count(*) as n from marts.dim_pupil where is_protected", [{"n": 0}]),
        ("select minutes from marts.fct_sums", [{"minutes": 7}]),
    ],
)
def test_people_are_answered_as_if_protected_pupils_had_no_rows(guarded_path, query, rows):
    assert read_rows(guarded_path, query) == rows


@pytest.mark.parametrize(
    "query",
    [
        "explain analyze select * from marts.fct_days",
        "select 1; select 2",
        "attach 'other.duckdb'",
        "select * from intermediate.int_pupils__identified",
        "select * from warehouse.marts.dim_pupil",
        "select * from read_text('/etc/hostname')",
        "pragma storage_info('marts.dim_pupil')",
    ],
)
def test_people_cannot_ask_past_the_views(guarded_path, query):
    with pytest.raises(BuildError):
        read_rows(guarded_path, query)


def test_an_error_of_values_does_not_quote_them(guarded_path):
    with pytest.raises(BuildError) as raised:
        read_rows(guarded_path, "select pupil_id::integer from marts.dim_pupil where pupil_id = 'b'")
    assert "'b'" not in str(raised.value)
