"""Sums of school years whose rows are no longer kept: written down once, and in every later warehouse."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import duckdb
import pyarrow.parquet as pq

from narvaro.at_rest import open_sink, rows_of
from narvaro.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from narvaro.settings import Settings

_MARTS = "marts"
# A table with a column of a pupil tells of single pupils, and goes with their rows.
_SUMMED = """
    select table_name from duckdb_columns() where schema_name = 'marts' and starts_with(table_name, 'fct_')
    group by table_name
    having bool_or(column_name = 'school_year')
        and not bool_or(column_name in ('pupil_id', 'person_id', 'pupil_key'))
    order by table_name
"""


def archive_dir(settings: Settings) -> Path:
    """Give where the sums of old school years are kept: with the landing, for nothing can bring them back either."""
    return settings.landing_dir / ".kept-sums"


def archived_files(folder: Path) -> list[Path]:
    """Give the sums that are kept: a folder per mart, a file per school year."""
    return sorted(folder.glob("fct_*/*.parquet"))


def archive_sums(warehouse_path: Path, before_school_year: str, folder: Path) -> list[Path]:
    """Write down the sums of the school years before one, of each mart that has no single pupils in it.

    What was written down before stands: its rows may be gone already.

    Raises:
        BuildError: the warehouse cannot be read, or the sums not be written.
    """
    written = []
    try:
        with duckdb.connect(str(warehouse_path), read_only=True) as connection:
            for (mart,) in connection.execute(_SUMMED).fetchall():
                years = f"select distinct school_year from {_MARTS}.{mart} where school_year < ? order by 1"  # noqa: S608
                for (year,) in connection.execute(years, [before_school_year]).fetchall():
                    target = folder / mart / f"{year.replace('/', '-')}.parquet"
                    if not target.exists():
                        _write(connection, mart, year, target)
                        written.append(target)
    except (duckdb.Error, OSError) as error:
        message = (
            f"The sums of old school years could not be written down ({type(error).__name__}); nothing was removed."
        )
        raise BuildError(message) from None
    return written


def add_archived(building: Path, files: Sequence[Path]) -> None:
    """Put kept sums into a building warehouse, in place of what is left of their school years.

    Raises:
        duckdb.Error: a file cannot be read, or its columns are not the mart's.
    """
    with duckdb.connect(str(building)) as connection:
        for path in files:
            mart, year = f"{_MARTS}.{path.parent.name}", path.stem.replace("-", "/")
            connection.execute(f"delete from {mart} where school_year = ?", [year])  # noqa: S608 - our own names
            connection.execute(f"insert into {mart} by name from {rows_of(connection, [path])}")


def _write(connection: duckdb.DuckDBPyConnection, mart: str, year: str, target: Path) -> None:
    """Write one mart's one school year, whole or not at all."""
    target.parent.parent.mkdir(mode=0o700, exist_ok=True)
    target.parent.mkdir(mode=0o700, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    rows = f"select * from {_MARTS}.{mart} where school_year = '{year}' order by all"  # noqa: S608 - our own names
    with open_sink(partial) as sink:
        pq.write_table(connection.execute(rows).to_arrow_table(), sink)
    descriptor = os.open(partial, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    partial.replace(target)
