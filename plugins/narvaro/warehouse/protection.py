"""What a warehouse did to keep protected pupils out of single schools, in numbers and one hash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from narvaro.errors import BuildError

if TYPE_CHECKING:
    from pathlib import Path

# DuckDB's own hash of the sorted pseudonyms: it tells that the pupils are others, not who they are.
_STATE = """
    select
        (select count(*) from marts.dim_pupil where is_protected),
        (
            select count(*) from (
                select distinct pupil_id, school_unit_code, iso_week from marts.fct_absence_by_pupil_day
                where is_protected and school_unit_code is not null
            )
        ),
        (
            select sha256(coalesce(string_agg(pupil_id, ',' order by pupil_id), '')) from marts.dim_pupil
            where is_protected
        )
"""


@dataclass(frozen=True, slots=True)
class ProtectionState:
    """How many pupils are protected, how many of their weeks at a unit were left out, and a hash of who they are."""

    pupils: int
    unit_weeks: int
    fingerprint: str


def protection_state(path: Path) -> ProtectionState:
    """Say what was left out of the figures of single schools; no pseudonym leaves the warehouse.

    Raises:
        BuildError: there is no warehouse, or it is not whole.
    """
    ((pupils, unit_weeks, fingerprint),) = _asked(path, _STATE)
    return ProtectionState(pupils, unit_weeks, fingerprint)


def _asked(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Ask the warehouse."""
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            return connection.execute(query).fetchall()
    except duckdb.Error as error:
        message = f"{path} cannot be read ({type(error).__name__}). Build it anew: narvaro build."
        raise BuildError(message) from None
