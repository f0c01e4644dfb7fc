"""The forms in which tables leave: CSV bytes and one DuckDB file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow as pa

from narvaro.errors import PublishError
from narvaro.publish.tables import TableLike

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
    """Write the tables, with comments, to a new DuckDB file and leave nothing beside it."""
    # One thread and an in-memory front: the file's bytes depend on the tables alone.
    with duckdb.connect(config={"threads": 1}) as connection:
        target = str(path).replace("'", "''")
        connection.execute(f"attach '{target}' as published (storage_version '{STORAGE_VERSION}')")
        connection.execute("begin")
        for table in tables:
            name = f"published.main.{table.name}"
            columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
            connection.execute(f"create table {name} ({columns})")
            connection.register("incoming", table.data)
            connection.execute(f"insert into {name} select * from incoming")  # noqa: S608 - names passed the door
            connection.unregister("incoming")
            connection.execute(f"comment on table {name} is {_quoted(comment(table))}")
            for column in table.columns:
                connection.execute(f"comment on column {name}.{column.name} is {_quoted(comment(column))}")
        connection.execute("commit")
        connection.execute("checkpoint published")
        connection.execute("detach published")
    if path.with_name(path.name + ".wal").exists():
        message = f"{path.name}: DuckDB left a write-ahead log beside the file. Report this; the last release stands."
        raise PublishError(message)


def comment(thing: object) -> str:
    """Give a table's or a column's meaning in both languages."""
    return f"{thing.sv} | {thing.en}"  # type: ignore[attr-defined]


def _quoted(text: str) -> str:
    """Quote a text for SQL: COMMENT takes no parameters."""
    return "'" + text.replace("'", "''") + "'"
