"""A search through every byte of an installation, apart from the program's own: plain, encoded and unpacked."""

from __future__ import annotations

import base64
from email import message_from_bytes
from typing import TYPE_CHECKING

import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path


def found_in(home: Path, needles: Collection[str]) -> set[str]:
    """Give the files that hold one of some texts in any form."""
    wanted = sorted(needles)
    forms = [form for needle in wanted for form in _forms(needle)]
    return {
        path.relative_to(home).as_posix()
        for path in home.rglob("*")
        if path.is_file() and not path.is_symlink()
        if any(form in content for content in _contents(path) for form in forms) or _values_hold(path, set(wanted))
    }


def _forms(needle: str) -> list[bytes]:
    plain = needle.encode()
    in_base64 = [base64.b64encode(b"x" * shift + plain + b"yy")[4:-8] for shift in range(3)]
    return [
        plain,
        plain.upper(),
        needle.encode("utf-16-le"),
        needle.encode("utf-16-be"),
        plain.hex().encode(),
        *in_base64,
    ]


def _contents(path: Path) -> list[bytes]:
    content = path.read_bytes()
    if path.suffix != ".eml":
        return [content]
    return [content, *(part.get_payload(decode=True) or b"" for part in message_from_bytes(content).walk())]


def _values_hold(path: Path, wanted: set[str]) -> bool:
    if path.suffix == ".parquet":
        table = pq.ParquetFile(path).read()
        return any(
            not wanted.isdisjoint(pc.unique(column).to_pylist())
            for column in table.columns
            if str(column.type) in {"string", "large_string"}
        )
    if path.suffix == ".duckdb":
        return _duckdb_holds(path, wanted)
    return False


def _duckdb_holds(path: Path, wanted: set[str]) -> bool:
    with duckdb.connect(str(path), read_only=True) as connection:
        columns = connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns() "
            "where data_type = 'VARCHAR' and not internal"
        ).fetchall()
        return any(
            not wanted.isdisjoint(
                value for (value,) in connection.execute(f'select distinct "{c}" from "{s}"."{t}"').fetchall()
            )
            for s, t, c in columns
        )
