"""Rows that failed, named by number in files beside the landing."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from narvaro.at_rest import open_parquet, open_sink
from narvaro.errors import LandingError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from narvaro.quality.verdict import FaultyRow, Verdict

# Remarks are rows that failed a warning: they are told, and stay in the warehouse.
REMARKS = "_remarks"

SCHEMA = pa.schema(
    [
        ("_source", pa.string()),
        ("_load_id", pa.string()),
        ("_row", pa.int64()),
        ("rule", pa.string()),
        ("record_id", pa.string()),
    ]
)


def quarantine_path(quarantine_dir: Path, verdict: Verdict) -> Path:
    """Give where a load's held rows are named."""
    return quarantine_dir / verdict.entity / verdict.source / f"{verdict.load_id}.parquet"


def remarks_path(quarantine_dir: Path, verdict: Verdict) -> Path:
    """Give where a load's remarked rows are named."""
    return quarantine_path(quarantine_dir / REMARKS, verdict)


def write_quarantine(quarantine_dir: Path, verdict: Verdict) -> Path | None:
    """Name a load's held and remarked rows in files beside the landing; None when no row is held.

    Raises:
        LandingError: they cannot be written.
    """
    held = [row for row in verdict.faulty_rows if row.is_held]
    remarked = [row for row in verdict.faulty_rows if not row.is_held]
    _write(remarks_path(quarantine_dir, verdict), verdict, remarked)
    path = quarantine_path(quarantine_dir, verdict)
    return _write(path, verdict, held)


def rows_told_of(files: Iterable[Path]) -> Iterator[dict[str, Any]]:
    """Give the rows that files of quarantine and remarks name, with the rules that they do not meet."""
    for path in files:
        with open_parquet(path) as file:
            yield from file.read().to_pylist()


def sweep_quarantine(quarantine_dir: Path, source: str, known_load_ids: Collection[str]) -> list[str]:
    """Remove what is said of a source's loads that are no more, and what killed runs left; give the names.

    Raises:
        LandingError: the folder cannot be written.
    """
    known = {f"{load_id}.parquet" for load_id in known_load_ids}
    of_source = [*quarantine_dir.glob(f"*/{source}/*"), *(quarantine_dir / REMARKS).glob(f"*/{source}/*")]
    stale = sorted(path for path in of_source if path.name not in known)
    try:
        for path in stale:
            path.unlink(missing_ok=True)
    except OSError as error:
        message = f"{quarantine_dir}: {source} cannot be swept ({error.strerror}). Mend the folder's rights."
        raise LandingError(message) from None
    return [path.name for path in stale]


def write_beside(partial: Path, table: pa.Table) -> None:
    """Write a small file for us alone, to be renamed once it is on the disk."""
    os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    with open_sink(partial) as sink:
        pq.write_table(table, sink, compression="zstd")
    descriptor = os.open(partial, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _private_folder(path: Path) -> None:
    """Make a folder and its parents for the owner's eyes only."""
    if not path.is_dir():
        _private_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def _write(path: Path, verdict: Verdict, rows: Sequence[FaultyRow]) -> Path | None:
    """Write beside, then rename; an earlier file of the same load goes when nothing is left to say."""
    if not rows and not path.exists():
        return None
    columns = [
        pa.array([verdict.source] * len(rows), pa.string()),
        pa.array([verdict.load_id] * len(rows), pa.string()),
        pa.array([row.row for row in rows], pa.int64()),
        pa.array([row.rule for row in rows], pa.string()),
        pa.array([row.record_id for row in rows], pa.string()),
    ]
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        if not rows:
            path.unlink()
            return None
        _private_folder(path.parent)
        write_beside(partial, pa.Table.from_arrays(columns, schema=SCHEMA))
        return partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        message = f"{path.parent}: the quarantine cannot be written ({error.strerror}). Free space or mend its rights."
        raise LandingError(message) from None
