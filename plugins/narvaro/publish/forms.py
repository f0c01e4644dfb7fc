"""The forms in which tables leave: CSV bytes and one DuckDB file."""

from __future__ import annotations

import csv
import io
import os
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING

import pyarrow as pa

from narvaro.errors import PublishError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
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


def write_duckdb(path: Path, tables: Sequence[TableLike]) -> None:
    """Write the tables, with comments, to a new DuckDB file and leave nothing beside it.

    A process of its own writes it, one that never saw anything else: DuckDB leaves memory that
    it has not filled in the file's padding, and here that memory may hold a restricted warehouse.

    Raises:
        PublishError: the file could not be written.
    """
    statements = [statement for table in tables for statement in _statements(table)]
    parcel = pickle.dumps((str(path), STORAGE_VERSION, [(table.name, table.data) for table in tables], statements))
    done = subprocess.run(
        [sys.executable, "-I", "-m", "narvaro.publish.duckdb_writer"],
        input=parcel,
        capture_output=True,
        check=False,
        # No secret of ours in its memory either; freed memory is overwritten, so equal tables give equal bytes.
        env={"MALLOC_PERTURB_": "85", "PATH": os.defpath},
    )
    if done.returncode:
        kind = done.stdout.decode(errors="replace").strip()[:60] or f"exit code {done.returncode}"
        message = (
            f"{path.name} could not be written ({kind}). The last release stands; "
            "make room or give the right to write, then publish again."
        )
        raise PublishError(message)
    if path.with_name(path.name + ".wal").exists():
        message = f"{path.name}: DuckDB left a write-ahead log beside the file. Report this; the last release stands."
        raise PublishError(message)


def _statements(table: TableLike) -> Iterator[str]:
    """Give the SQL that makes one table of the attached store, fills it and says what it means."""
    name = f"published.main.{table.name}"
    columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
    yield f"create table {name} ({columns})"
    yield f"insert into {name} select * from {table.name}"  # noqa: S608 - names have passed the door
    yield f"comment on table {name} is {_quoted(comment(table))}"
    for column in table.columns:
        yield f"comment on column {name}.{column.name} is {_quoted(comment(column))}"


def comment(thing: TableLike | ColumnLike) -> str:
    """Give a table's or a column's meaning in both languages."""
    return f"{thing.sv} | {thing.en}"


def _quoted(text: str) -> str:
    """Quote a text for SQL: COMMENT and ATTACH take no parameters."""
    return "'" + text.replace("'", "''") + "'"
