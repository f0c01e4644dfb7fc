"""Read the warehouse's marts and give the tables that may leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from narvaro.disclosure.columns import Column, columns_named
from narvaro.disclosure.threshold import ValueType, hide_small
from narvaro.errors import PrivacyError, PublishError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa

    from narvaro.county import Publication, PublishedTable

MARTS_SCHEMA = "marts"


@dataclass(frozen=True, slots=True)
class ProtectedTable:
    """One table that may leave: its rows and the meaning of everything in it."""

    name: str
    sv: str
    en: str
    columns: tuple[Column, ...]
    data: pa.Table


def protect_marts(warehouse_path: Path, publication: Publication) -> list[ProtectedTable]:
    """Read every mart of the publication list, hide what rests on too few pupils, and look again.

    Raises:
        PublishError: the warehouse is missing, or a mart or column cannot be published.
        PrivacyError: a row would show figures of too few pupils.
    """
    if not warehouse_path.is_file():
        message = f"No warehouse at {warehouse_path}: nothing can be published. Build it first: narvaro build."
        raise PublishError(message)
    try:
        with duckdb.connect(str(warehouse_path), read_only=True) as connection:
            of_marts = [table for table in publication.tables if not table.is_of_ledger]
            return [_protect(connection, table, publication.threshold(table)) for table in of_marts]
    except duckdb.Error as error:
        # The engine's sentence may quote a value: only its kind may reach a log.
        message = f"The warehouse could not be read ({type(error).__name__}). Build it anew: narvaro build."
        raise PublishError(message) from None


def _protect(connection: duckdb.DuckDBPyConnection, table: PublishedTable, min_pupils: int) -> ProtectedTable:
    """Give one table as it may leave."""
    mart_columns = columns_named(table.name, table.columns)
    data = hide_small(_read_mart(connection, table, mart_columns), table, min_pupils)
    _refuse_visible_few(data, table, min_pupils)
    columns = columns_named(table.name, data.column_names)
    meanings = (f"{table.title_sv}. {table.description_sv}", f"{table.title_en}. {table.description_en}")
    return ProtectedTable(table.name, *meanings, columns, data)


def _read_mart(connection: duckdb.DuckDBPyConnection, table: PublishedTable, columns: Sequence[Column]) -> pa.Table:
    """Read the listed columns, cast to their published types, in the order of the key."""
    found = connection.execute(
        "select column_name from information_schema.columns where table_schema = ? and table_name = ?",
        [MARTS_SCHEMA, table.mart],
    ).fetchall()
    if missing := [column.name for column in columns if (column.name,) not in found]:
        message = (
            f"{table.name}: {MARTS_SCHEMA}.{table.mart} lacks {', '.join(missing)}. "
            "Build the warehouse with this version, or correct publication.yml."
        )
        raise PublishError(message)
    chosen = ", ".join(f"{column.name}::{column.type} as {column.name}" for column in columns)
    # Names were held against columns.yml and the patterns of publication.yml: none comes from data.
    query = f"select {chosen} from {MARTS_SCHEMA}.{table.mart} order by {', '.join(table.key)}"  # noqa: S608
    data: pa.Table = connection.execute(query).to_arrow_table()
    return data


def _refuse_visible_few(data: pa.Table, table: PublishedTable, min_pupils: int) -> None:
    """Look at the protected rows once more, with other eyes than the hiding's."""
    for base, reason, names in (
        (table.pupils_column, "value_type", table.measures),
        (table.classed_column, "classed_value_type", table.band_measures),
    ):
        if base is None:
            continue
        for row in data.select([base, reason, *names]).to_pylist():
            if _tells_of_few(row, base, reason, min_pupils):
                message = f"{table.name}: a row rests on fewer than {min_pupils} pupils and is not hidden. Report this."
                raise PrivacyError(message)


def _tells_of_few(row: dict[str, Any], base: str, reason: str, min_pupils: int) -> bool:
    """Tell whether a row shows a figure that it must not."""
    if row[reason] == ValueType.EXISTS:
        return row[base] is None or row[base] < min_pupils
    return any(value is not None for name, value in row.items() if name != reason)
