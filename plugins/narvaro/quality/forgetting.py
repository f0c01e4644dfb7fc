"""Rows that are no more are no longer named in quarantine and remarks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from narvaro.at_rest import open_parquet
from narvaro.errors import LandingError
from narvaro.quality.quarantine import REMARKS, write_beside

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path


def forget_rows(
    quarantine_dir: Path,
    load: tuple[str, str, str],
    *,
    rows: Sequence[np.ndarray[Any, Any]],
    record_ids: Collection[str] = (),
) -> int:
    """Take rows of a load (source, entity, id) out of what is said of it, by number or by id; gives how many went.

    Raises:
        LandingError: a file cannot be read or written.
    """
    source, entity, load_id = load
    numbers, ids = pa.array(np.concatenate([np.array([], np.int64), *rows])), pa.array(sorted(record_ids), pa.string())
    places = (quarantine_dir, quarantine_dir / REMARKS)
    return sum(_forget(place / entity / source / f"{load_id}.parquet", numbers, ids) for place in places)


def _forget(path: Path, numbers: pa.Array, ids: pa.Array) -> int:
    """Write a file anew without some rows; one that has none left goes."""
    if not path.is_file():
        return 0
    try:
        table = open_parquet(path).read()
        is_gone = pc.or_(
            pc.is_in(table.column("_row"), value_set=numbers),
            pc.fill_null(pc.is_in(table.column("record_id"), value_set=ids), fill_value=False),
        )
        kept = table.filter(pc.invert(is_gone))
        if kept.num_rows == table.num_rows:
            return 0
        if not kept.num_rows:
            path.unlink()
        else:
            _replace(path, kept)
    except (OSError, pa.ArrowException) as error:
        message = f"{path}: cannot be written anew ({type(error).__name__}). Free space or mend its rights."
        raise LandingError(message) from None
    return int(table.num_rows - kept.num_rows)


def _replace(path: Path, table: pa.Table) -> None:
    """Write beside, then rename."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    write_beside(partial, table)
    partial.replace(path)
