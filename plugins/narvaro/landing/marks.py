"""Who is marked with protected identity in what has landed: on the record, or on any row that refers to it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa

from narvaro.landing.standing import standing_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import duckdb

    from narvaro.landing.standing import Files

MARKED_SCHEMA = pa.schema([("source_name", pa.string()), ("person_id", pa.string())])

_HIDDEN = """
    with identities as (select distinct _source, person_id, pupil_id from all_pupils),
    protected as (select distinct pupil_id from identities semi join marked using (_source, person_id))
    select person_id from marked where _source = $source
    union
    select person_id from identities semi join protected using (pupil_id) where _source = $source
"""


def marked_people(files: Files, schemas: Mapping[str, pa.Schema], spill_dir: Path) -> pa.Table:
    """Give the person records that any of these rows marks, as `MARKED_SCHEMA`; no mark at all is a mark.

    Raises:
        LandingError: the folder cannot be written.
    """
    query = "select _source as source_name, person_id from marked order by all"
    with _marked(files, schemas, spill_dir) as connection:
        return connection.execute(query).to_arrow_table().cast(MARKED_SCHEMA)


def hidden_people(files: Files, schemas: Mapping[str, pa.Schema], spill_dir: Path, source: str) -> frozenset[str]:
    """Give the records of one source whose pupil is marked there, or in any other source of these files.

    Raises:
        LandingError: the folder cannot be written.
    """
    with _marked(files, schemas, spill_dir) as connection:
        return frozenset(person for (person,) in connection.execute(_HIDDEN, {"source": source}).fetchall())


@contextmanager
def _marked(files: Files, schemas: Mapping[str, pa.Schema], spill_dir: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open these files with a view of the records that they mark."""
    with standing_rows(files, {}, schemas, spill_dir) as connection:
        connection.execute(f"create view marked as {' union '.join(_selects(schemas))}")
        yield connection


def _selects(schemas: Mapping[str, pa.Schema]) -> Iterator[str]:
    """Select the marked records of every entity."""
    # A condition stands alone, so that row groups without a mark are not even read.
    for entity, schema in schemas.items():
        if {"person_id", "is_protected"} <= set(schema.names):
            for condition in ("is_protected", "is_protected is null"):
                yield (
                    f"select _source, person_id from all_{entity} "  # noqa: S608 - our own names
                    f"where {condition} and person_id is not null"
                )
