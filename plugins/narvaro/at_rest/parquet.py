"""The door to Parquet files, for Arrow and for DuckDB: whoever opens one need not know how it lies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from narvaro.at_rest.stores import is_sealed, reader_of, writer_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

PROTOCOL = "narvaro-sealed"


def open_parquet(path: Path) -> pq.ParquetFile:
    """Open a Parquet file for reading, sealed or plain.

    Raises:
        pa.ArrowInvalid: it is no Parquet file.
        OSError: it is not there.
        PrivacyError: it is sealed, and its key is not there.
    """
    return pq.ParquetFile(reader_of(path)) if is_sealed(path) else pq.ParquetFile(path)


def open_sink(path: Path) -> pa.NativeFile:
    """Open an existing empty file to be written as its folder's files are to lie.

    Raises:
        OSError: it cannot be written.
        PrivacyError: the key is not there.
    """
    writer = writer_of(path)
    return pa.OSFile(str(path), "wb") if writer is None else pa.PythonFile(writer, mode="w")


def rows_of(connection: duckdb.DuckDBPyConnection, files: Sequence[Path], *options: str) -> str:
    """Give the SQL for the rows of some files, once the connection can open them.

    `options` are those of `read_parquet`; folders never make partitions.
    """
    if any(is_sealed(path) for path in files):
        _teach(connection)
    names = ", ".join("'" + shown_name(path).replace("'", "''") + "'" for path in files)
    return f"read_parquet([{names}], {', '.join(['hive_partitioning = false', *options])})"


def shown_name(path: Path) -> str:
    """Give the name by which DuckDB knows a file."""
    return f"{PROTOCOL}://{path}" if is_sealed(path) else str(path)


def _teach(connection: duckdb.DuckDBPyConnection) -> None:
    """Let a connection open sealed files."""
    # Only who keeps sealed files pays for the import.
    from narvaro.at_rest.filesystem import SealedFiles

    if PROTOCOL not in connection.list_filesystems():
        connection.register_filesystem(SealedFiles())
