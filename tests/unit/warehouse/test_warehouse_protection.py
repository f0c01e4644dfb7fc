from __future__ import annotations

import duckdb
import pytest

from narvaro.errors import BuildError
from narvaro.warehouse import protection_state


@pytest.fixture
def path(tmp_path):
    """Two pupils in three weeks at a unit, one more week at none."""
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.dim_pupil as select * from (values ('b', true), ('a', true), ('c', false)) "
            "as pupils(pupil_id, is_protected)"
        )
        connection.execute(
            "create table marts.fct_absence_by_pupil_day as select * from (values "
            "('a', 'u', 'W38', true), ('a', 'u', 'W38', true), ('a', 'u', 'W39', true), ('b', 'u', 'W38', true), "
            "('b', null, 'W38', true), ('c', 'u', 'W38', false)"
            ") as days(pupil_id, school_unit_code, iso_week, is_protected)"
        )
    return path


def protect(path, pupil_id):
    with duckdb.connect(str(path)) as connection:
        connection.execute("update marts.dim_pupil set is_protected = true where pupil_id = ?", [pupil_id])


def test_what_was_left_out_is_counted(path):
    state = protection_state(path)
    assert (state.pupils, state.unit_weeks) == (2, 3)


def test_another_set_of_pupils_has_another_fingerprint(path):
    before = protection_state(path).fingerprint
    assert protection_state(path).fingerprint == before
    protect(path, "c")
    assert protection_state(path).fingerprint != before


def test_a_warehouse_that_is_not_whole_is_a_clear_error(tmp_path):
    with pytest.raises(BuildError, match="Build it anew"):
        protection_state(tmp_path / "missing.duckdb")
