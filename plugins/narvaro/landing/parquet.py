"""One entity's rows on their way into a Parquet file."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from narvaro.at_rest import open_sink
from narvaro.errors import LandingError
from narvaro.landing.disk import create_private_file, disk_errors, flush_to_disk
from narvaro.landing.manifest import LandedFile, sha256

# Arrow bytes and rows that make a row group: large enough to compress, small enough for memory,
# where one is written while the next one gathers.
ROW_GROUP_ROWS = 65_536
ROW_GROUP_BYTES = 16 * 1024 * 1024

_SAMPLE_ROWS = 16_384
_UNIQUE_SHARE = 0.9
_CHANGED_AT = "source_modified_at"
# The same in every row of a load.
_STAMPED = ("_source", "_load_id")


def landed_schema(schema: pa.Schema) -> pa.Schema:
    """Give the columns as they are landed: machinery columns underscored, provenance last."""
    fields = [field.with_name(f"_{field.name}") if field.name == _CHANGED_AT else field for field in schema]
    provenance = [pa.field("_source", pa.string()), pa.field("_load_id", pa.string()), pa.field("_row", pa.int64())]
    return pa.schema([*fields, *provenance])


class ParquetFile:
    """A Parquet file that grows by row groups, one written in the background at a time; `close` or `abandon` it."""

    def __init__(self, path: Path, schema: pa.Schema, *, source: str, load_id: str, first_row: int = 0) -> None:
        self.path = path
        self._incoming = schema
        self._schema = landed_schema(schema)
        self._source = source
        self._load_id = load_id
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self._waiting_bytes = 0
        self._first_row = first_row
        self.rows = 0
        with disk_errors(path):
            create_private_file(path)
            self._sink = open_sink(path)
        self._writer: pq.ParquetWriter | None = None
        self._background: ThreadPoolExecutor | None = None
        self._writing: Future[None] | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        """Take a batch; it may wait in memory for its row group to fill.

        Raises:
            LandingError: the batch has other columns than the first one, or the disk was full a row group ago.
        """
        if not batch.schema.equals(self._incoming):
            message = f"{self.path.parent.parent.name}: a batch has other columns than the first. Amend its connector."
            raise LandingError(message)
        if batch.num_rows == 0:
            return
        self._waiting.append(batch)
        self._waiting_rows += batch.num_rows
        self._waiting_bytes += batch.nbytes
        if self._waiting_rows >= ROW_GROUP_ROWS or self._waiting_bytes >= ROW_GROUP_BYTES:
            self._flush()

    def close(self) -> LandedFile:
        """Finish the file and give its description, once it is on the disk.

        Raises:
            LandingError: the disk is full.
        """
        self._flush()
        self._finish_writing()
        with disk_errors(self.path):
            (self._writer or open_writer(self._sink, self._schema.empty_table())).close()
            self._sink.close()
            flush_to_disk(self.path)
            return LandedFile(self.path.name, self.rows, self.path.stat().st_size, sha256(self.path))

    @property
    def taken_rows(self) -> int:
        """Rows that have been written or wait in memory."""
        return self.rows + self._waiting_rows

    def abandon(self) -> None:
        """Let go of the file without finishing it."""
        self._waiting.clear()
        if self._background is not None:
            self._background.shutdown()
        for part in (self._writer, self._sink):
            try:
                if part is not None:
                    part.close()
            except (OSError, pa.ArrowException):
                # The file goes anyway, and the first error is the one to tell.
                continue

    def _flush(self) -> None:
        """Have the waiting rows written as one row group, once the one before has been."""
        if not self._waiting:
            return
        if self._writing is not None:
            self._writing.result()
        # Writing needs no Python: the next rows are decoded meanwhile.
        self._background = self._background or ThreadPoolExecutor(1, "narvaro-parquet")
        table = pa.Table.from_batches(self._waiting, schema=self._incoming)
        self._writing = self._background.submit(self._write_group, table, self._first_row + self.rows)
        self.rows += table.num_rows
        self._waiting.clear()
        self._waiting_rows = self._waiting_bytes = 0

    def _finish_writing(self) -> None:
        """Wait for the last row group; raises what hindered it."""
        if self._background is not None:
            self._background.shutdown()
        if self._writing is not None:
            self._writing.result()

    def _write_group(self, table: pa.Table, first_row: int) -> None:
        """Write rows as one row group, with their provenance."""
        count = table.num_rows
        columns = [
            *table.columns,
            _repeated(self._source, count),
            _repeated(self._load_id, count),
            pa.array(np.arange(first_row, first_row + count, dtype=np.int64)),
        ]
        with disk_errors(self.path):
            landed = pa.Table.from_arrays(columns, names=self._schema.names)
            self._writer = self._writer or open_writer(self._sink, landed)
            self._writer.write_table(landed, row_group_size=count)


def open_writer(sink: pa.NativeFile, sample: pa.Table) -> pq.ParquetWriter:
    """Open a writer of landed rows with the encodings that suit the first of them."""
    texts = [
        name
        for name, kind in zip(sample.schema.names, sample.schema.types, strict=True)
        if pa.types.is_string(kind) and name not in _STAMPED
    ]
    repeating = [name for name in texts if _is_repeating(sample.column(name))]
    return pq.ParquetWriter(
        sink,
        sample.schema,
        compression="zstd",
        use_dictionary=[*repeating, *_STAMPED],
        # Ids and pseudonyms lie anywhere: their least and greatest tell a reader nothing.
        write_statistics=[name for name in sample.schema.names if name not in texts],
        # Readers see the plain types of `landed_fields`, not that some were given as dictionaries.
        store_schema=False,
        column_encoding={
            **{name: "DELTA_LENGTH_BYTE_ARRAY" for name in texts if name not in repeating},
            "_row": "DELTA_BINARY_PACKED",
        },
    )


def _repeated(text: str, count: int) -> pa.DictionaryArray:
    """Give one text many times over in four bytes each."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([text]))


def _is_repeating(column: pa.ChunkedArray) -> bool:
    """Tell whether a column's first values come again often enough for a dictionary to pay."""
    sample = column.slice(0, _SAMPLE_ROWS)
    distinct: int = pc.count_distinct(sample).as_py()
    return distinct < _UNIQUE_SHARE * len(sample)
