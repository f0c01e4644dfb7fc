"""The forms in which tables leave: CSV bytes and one DuckDB file."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from narvaro.errors import PublishError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from narvaro.publish.tables import ColumnLike, TableLike

# The newest storage whose bytes are the same each time; later ones leave unwritten memory in the file (ADR 0041).
STORAGE_VERSION = "v1.2.0"


def csv_from_table(data: pa.Table) -> bytes:
    """Give a table as CSV: UTF-8, comma, decimal point, CRLF, nothing for null (RFC 4180)."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(data.column_names)
    columns = [_texts(data[name]) for name in data.column_names]
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue().encode()


def _texts(column: pa.ChunkedArray) -> list[object]:
    """Give a column's values as the CSV writer should see them; truth is spelled true and false."""
    if pa.types.is_boolean(column.type):
        words = {True: "true", False: "false", None: None}
        return [words[value] for value in column.to_pylist()]
    return list(column.to_pylist())


def write_duckdb(path: Path, tables: Iterable[TableLike]) -> None:
    """Write the tables, with comments, to a new DuckDB file and leave nothing beside it.

    Raises:
        PublishError: the file could not be written.
    """
    try:
        # One thread and an in-memory front: the file's bytes depend on the tables alone.
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.execute(f"attach {_quoted(str(path))} as published (storage_version '{STORAGE_VERSION}')")
            connection.execute("begin")
            for table in tables:
                _write_table(connection, table)
            connection.execute("commit")
            connection.execute("checkpoint published")
            connection.execute("detach published")
    except duckdb.Error as error:
        message = (
            f"{path.name} could not be written ({type(error).__name__}). The last release stands; "
            "make room or give the right to write, then publish again."
        )
        raise PublishError(message) from error
    if path.with_name(path.name + ".wal").exists():
        message = f"{path.name}: DuckDB left a write-ahead log beside the file. Report this; the last release stands."
        raise PublishError(message)


def _write_table(connection: duckdb.DuckDBPyConnection, table: TableLike) -> None:
    """Write one table and what it means; its names have passed the door."""
    name = f"published.main.{table.name}"
    columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
    connection.execute(f"create table {name} ({columns})")
    connection.register("incoming", table.data)
    connection.execute(f"insert into {name} select * from incoming")  # noqa: S608
    connection.unregister("incoming")
    connection.execute(f"comment on table {name} is {_quoted(comment(table))}")
    for column in table.columns:
        connection.execute(f"comment on column {name}.{column.name} is {_quoted(comment(column))}")


def comment(thing: TableLike | ColumnLike) -> str:
    """Give a table's or a column's meaning in both languages."""
    return f"{thing.sv} | {thing.en}"


def _quoted(text: str) -> str:
    """Quote a text for SQL: COMMENT and ATTACH take no parameters."""
    return "'" + text.replace("'", "''") + "'"
