"""A landed file written anew with some of its values or rows changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from narvaro.at_rest import open_parquet, open_sink
from narvaro.errors import LandingError
from narvaro.landing.disk import create_private_file, disk_errors, flush_to_disk
from narvaro.landing.manifest import LandedFile, sha256
from narvaro.landing.parquet import open_writer

Change = Callable[[pa.Table], pa.Table]


def write_changed(path: Path, target: Path, change: Change) -> LandedFile:
    """Write a landed file's rows, changed a row group at a time, to a new file, and describe that one.

    Raises:
        LandingError: the file is damaged, or the disk is full.
    """
    rows = 0
    try:
        with disk_errors(target), open_parquet(path) as landed:
            create_private_file(target)
            with open_sink(target) as sink:
                writer: pq.ParquetWriter | None = None
                for number in range(landed.num_row_groups):
                    table = change(landed.read_row_group(number))
                    writer = writer or open_writer(sink, table)
                    writer.write_table(table, row_group_size=max(1, table.num_rows))
                    rows += table.num_rows
                (writer or open_writer(sink, landed.schema_arrow.empty_table())).close()
            flush_to_disk(target)
            return LandedFile(path.name, rows, target.stat().st_size, sha256(target))
    except pa.ArrowInvalid:
        # Arrow's own words may quote a value.
        message = f"{path}: not a landed file. Restore the landing folder from its backup."
        raise LandingError(message) from None
