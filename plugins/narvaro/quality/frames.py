"""What a suite looks at: just the columns that it needs, as pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from narvaro.at_rest import open_parquet

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path
    from zoneinfo import ZoneInfo

    import pandas as pd

    from narvaro.quality.suite import Derivation

ROW = "_row"
BATCH_ROWS = 250_000
_NO_HASH = np.empty(0, np.uint64)


def columns_of(files: Sequence[Path]) -> frozenset[str]:
    """Give the columns that every file has."""
    found = []
    for path in files:
        with open_parquet(path) as file:
            found.append(frozenset(file.schema_arrow.names))
    return frozenset.intersection(*found) if found else frozenset()


def row_count_of(files: Sequence[Path]) -> int:
    """Give how many rows the files have together, from their footers."""
    count = 0
    for path in files:
        with open_parquet(path) as file:
            count += file.metadata.num_rows
    return count


def read_frame(files: Sequence[Path], columns: Collection[str]) -> pd.DataFrame:
    """Read the columns of all files; the frame's index is the row's number in the load."""
    wanted = sorted({*columns, ROW})
    tables = []
    for path in files:
        # Each file by itself: a path with `=` in it must not be taken for a partition.
        with open_parquet(path) as file:
            tables.append(file.read(columns=wanted))
    return _frame(pa.concat_tables(tables))


def read_frames(
    files: Sequence[Path], columns: Collection[str], *, most_rows: int = BATCH_ROWS
) -> Iterator[pd.DataFrame]:
    """Read the columns of all files some rows at a time, so that a year of registers fits into memory too."""
    held: list[pa.RecordBatch] = []
    for batch in _batches(files, sorted({*columns, ROW}), most_rows):
        if held and sum(each.num_rows for each in held) + batch.num_rows > most_rows:
            yield _frame(pa.Table.from_batches(held))
            held = []
        held.append(batch)
    if held:
        yield _frame(pa.Table.from_batches(held))


def _batches(files: Sequence[Path], columns: Sequence[str], most_rows: int) -> Iterator[pa.RecordBatch]:
    for path in files:
        with open_parquet(path) as file:
            yield from file.iter_batches(batch_size=most_rows, columns=columns)


def repeated_rows(files: Sequence[Path], names: Sequence[str], columns: Collection[str]) -> pd.DataFrame | None:
    """Give the rows that share their values in some columns with another row of the load; None when none does.

    Eight bytes a row are kept while it is searched, not the values; two values of one hash are sorted out by
    whoever looks at the rows.
    """
    hashes = np.sort(np.concatenate([_hashes(frame, names) for frame in read_frames(files, names)] or [_NO_HASH]))
    repeated = np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
    if not len(repeated):
        return None
    import pandas as pd

    whole = (frame.dropna(subset=list(names)) for frame in read_frames(files, {*columns, *names}))
    return pd.concat([frame[np.isin(_hashes(frame, names), repeated)] for frame in whole])


def _hashes(frame: pd.DataFrame, names: Sequence[str]) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Give a hash of each row that has a value in every one of these columns."""
    return _hash(frame[list(names)].dropna())


def _hash(known: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.uint64]]:
    from pandas.util import hash_pandas_object

    return np.asarray(hash_pandas_object(known, index=False, categorize=False), np.uint64)


def _frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(date_as_object=False)
    # Great Expectations answers with the index only while it is nameless.
    return frame.set_index(ROW).rename_axis(index=None)


def derive(frame: pd.DataFrame, derived: Mapping[str, Derivation], timezone: ZoneInfo) -> pd.DataFrame:
    """Add the derived columns whose origins are there."""
    for name, derivation in derived.items():
        if not set(derivation.columns) <= set(frame.columns):
            continue
        if derivation.sum:
            frame[name] = frame[list(derivation.sum)].sum(axis=1, skipna=False)
        elif derivation.local_hour:
            frame[name] = frame[derivation.local_hour].dt.tz_convert(timezone).dt.hour
        elif derivation.local_date:
            local = frame[derivation.local_date].dt.tz_convert(timezone)
            frame[name] = local.dt.tz_localize(None).dt.normalize()
    return frame
