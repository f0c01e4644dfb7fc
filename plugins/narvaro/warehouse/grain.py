"""How fine the rows are that a statement can have met: pupils, school units, or sums above them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from narvaro.warehouse.reading import read_only

if TYPE_CHECKING:
    from pathlib import Path

_PUPIL_COLUMNS = {"pupil_id", "person_id", "attendance_id", "grade_id", "absence_notice_id"}
_UNIT_COLUMNS = {"school_unit_code", "organisation_id"}


def grain_of(path: Path, query: str) -> str:
    """Give the finest grain of the tables that a statement names; what cannot be told counts as pupils.

    Raises:
        BuildError: there is no warehouse, or it cannot be opened.
    """
    with read_only(path) as connection:
        try:
            tables = connection.get_table_names(query, qualified=True)
            described = [{row[0] for row in connection.execute(f"describe {table}").fetchall()} for table in tables]
        except duckdb.Error:
            return "pupil"
    columns = set().union(*described)
    if not tables or columns & _PUPIL_COLUMNS:
        return "pupil"
    return "unit" if columns & _UNIT_COLUMNS else "aggregated"
