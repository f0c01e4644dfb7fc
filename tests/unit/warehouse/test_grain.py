from __future__ import annotations

import duckdb
import pytest

from narvaro.errors import BuildError
from narvaro.warehouse import grain_of

TABLES = {
    "dim_pupil": "pupil_id varchar",
    "fct_absence_by_school_unit_week": "school_unit_code varchar",
    "fct_absence_by_county_week": "iso_week varchar",
    "fct_enrolment_spells": "person_id varchar, school_unit_code varchar",
}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    path = tmp_path_factory.mktemp("grain") / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        for name, columns in TABLES.items():
            connection.execute(f"create table marts.{name} ({columns})")
    return path


@pytest.mark.parametrize(
    ("query", "grain"),
    [
        ("select count(*) from marts.dim_pupil", "pupil"),
        ("select * from marts.fct_absence_by_school_unit_week", "unit"),
        ("select * from marts.fct_absence_by_county_week", "aggregated"),
        ("select * from marts.fct_absence_by_county_week, marts.fct_absence_by_school_unit_week", "unit"),
        ("with x as (select * from marts.fct_enrolment_spells) select count(*) from x", "pupil"),
        ("select (select count(*) from marts.dim_pupil) from marts.fct_absence_by_county_week", "pupil"),
        ("select 1", "pupil"),
        ("not a question", "pupil"),
        ("select * from marts.nowhere", "pupil"),
    ],
)
def test_grain_is_the_finest_that_a_statement_names(warehouse, query, grain):
    assert grain_of(warehouse, query) == grain


def test_grain_of_no_warehouse(tmp_path):
    with pytest.raises(BuildError, match="no warehouse"):
        grain_of(tmp_path / "none.duckdb", "select 1")
