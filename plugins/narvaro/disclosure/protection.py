"""Read the warehouse's marts and give the tables that may leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from narvaro.disclosure.catalogue import CatalogueTable, Column, load_catalogue
from narvaro.disclosure.threshold import Thresholds, ValueType, hide_small
from narvaro.errors import PrivacyError, PublishError

MARTS_SCHEMA = "marts"


@dataclass(frozen=True, slots=True)
class ProtectedTable:
    """One table that may leave: its rows and the meaning of everything in it."""

    name: str
    sv: str
    en: str
    columns: tuple[Column, ...]
    data: pa.Table


def protect_marts(
    warehouse_path: Path, thresholds: Thresholds, *, catalogue: Sequence[CatalogueTable] | None = None
) -> list[ProtectedTable]:
    """Read every catalogued mart, hide what rests on too few pupils, and check that it is hidden.

    Raises:
        PublishError: the warehouse is missing, or a mart does not hold what the catalogue lists.
        PrivacyError: a row would show figures of too few pupils.
    """
    if not warehouse_path.is_file():
        message = f"No warehouse at {warehouse_path.name}: nothing can be published. Build it first: narvaro build."
        raise PublishError(message)
    protected = []
    try:
        with duckdb.connect(str(warehouse_path), read_only=True) as connection:
            for table in catalogue or load_catalogue():
                frame = hide_small(_read_mart(connection, table), table, thresholds)
                _refuse_visible_few(frame, table, thresholds)
                protected.append(ProtectedTable(table.name, table.sv, table.en, table.columns, frame))
    except duckdb.Error as error:
        message = f"The warehouse could not be read ({type(error).__name__}). Build it anew: narvaro build."
        raise PublishError(message) from error
    return protected


def _read_mart(connection: duckdb.DuckDBPyConnection, table: CatalogueTable) -> pa.Table:
    """Read the listed columns, cast to their published types, in the order of the key."""
    found = connection.execute(
        "select column_name from information_schema.columns where table_schema = ? and table_name = ?",
        [MARTS_SCHEMA, table.name],
    ).fetchall()
    missing = sorted(set(table.mart_columns) - {name for (name,) in found})
    if missing:
        message = (
            f"{MARTS_SCHEMA}.{table.name}: the mart lacks {', '.join(missing)}. "
            "Build the warehouse with the same version, or correct disclosure/tables.yml."
        )
        raise PublishError(message)
    types = {column.name: column.type for column in table.columns}
    chosen = ", ".join(f"{name}::{types[name]} as {name}" for name in table.mart_columns)
    # Every name here comes from tables.yml of this package, never from data.
    query = f"select {chosen} from {MARTS_SCHEMA}.{table.name} order by {', '.join(table.key)}"  # noqa: S608
    return connection.execute(query).to_arrow_table()


def _refuse_visible_few(frame: pa.Table, table: CatalogueTable, thresholds: Thresholds) -> None:
    """Look at the protected rows once more, with other eyes than the hiding's."""
    if not table.measures:
        return
    least = thresholds.min_pupils(table.level)
    for base, reason, columns in (
        ("pupils_count", "value_type", table.measures),
        ("classed_pupils_count", "classed_value_type", table.classed),
    ):
        if not columns:
            continue
        rows = frame.select([*columns, reason]).to_pylist()
        for row in rows:
            is_shown = row[reason] == ValueType.EXISTS
            is_unsafe = (row[base] or 0) < least if is_shown else any(row[name] is not None for name in columns)
            if is_unsafe:
                message = f"{table.name}: a row rests on fewer than {least} pupils and is not hidden. Report this."
                raise PrivacyError(message)
