"""What a suite looks at: just the columns that it needs, as pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path
    from zoneinfo import ZoneInfo

    import pandas as pd

    from narvaro.quality.suite import Derivation

ROW = "_row"


def columns_of(files: Sequence[Path]) -> frozenset[str]:
    """Give the columns that every file has."""
    found = [frozenset(pq.read_schema(path).names) for path in files]
    return frozenset.intersection(*found) if found else frozenset()


def row_count_of(files: Sequence[Path]) -> int:
    """Give how many rows the files have together, from their footers."""
    return sum(pq.read_metadata(path).num_rows for path in files)


def read_frame(files: Sequence[Path], columns: Collection[str]) -> pd.DataFrame:
    """Read the columns of all files; the frame's index is the row's number in the load."""
    wanted = sorted({*columns, ROW})
    # Each file by itself: a path with `=` in it must not be taken for a partition.
    table = pa.concat_tables([pq.ParquetFile(path).read(columns=wanted) for path in files])
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
