"""The records by which sources know a human being, from every version of them that has landed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from narvaro.at_rest import rows_of
from narvaro.errors import LandingError
from narvaro.landing.standing import newest_of

_RECORDS = """
    with landed as (from {rows}),
    mine as (select distinct _source, person_id from landed where pupil_id = $pupil),
    version as (select landed.* from landed semi join mine using (_source, person_id)),
    newest as ({newest})
    select version._source, version.person_id, any_value(newest.pupil_id), list(distinct version.pupil_id)
    from version inner join newest using (_source, person_id) group by all order by all
"""


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """One source's record of a person: who it stands for by its newest version, and by any."""

    source: str
    person_id: str = field(repr=False)
    newest: str = field(repr=False)
    names: frozenset[str] = field(repr=False)


def person_records(files: Sequence[Path], pupil_id: str) -> list[PersonRecord]:
    """Give the records that stand for a pupil, or have done so.

    Args:
        files: landed files of pupils, of any source.
        pupil_id: the pupil's pseudonym.

    Raises:
        LandingError: a file is missing or damaged.
    """
    if not files:
        return []
    # Takes a quarter of a second; most commands need no rows.
    import duckdb

    with duckdb.connect(config={"memory_limit": "1GB"}) as connection:
        rows = rows_of(connection, files, "union_by_name = true")
        query = _RECORDS.format(rows=rows, newest=newest_of("version", "_source, person_id"))
        try:
            found = connection.execute(query, {"pupil": pupil_id}).fetchall()
        except duckdb.Error as error:
            # The engine's own words may quote a value.
            message = f"A landed file cannot be read ({type(error).__name__}). Restore landing from its backup."
            raise LandingError(message) from None
    return [PersonRecord(source, person, newest, frozenset(names)) for source, person, newest, names in found]
