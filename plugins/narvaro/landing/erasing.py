"""Landed rows taken away on purpose: found by what they say, written anew without them beside the old files."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from narvaro.at_rest import rows_of, shown_name
from narvaro.errors import LandingError
from narvaro.landing.disk import disk_errors, flush_to_disk
from narvaro.landing.manifest import MANIFEST_NAME, LandedFile, read_manifest
from narvaro.landing.rewriting import write_changed

if TYPE_CHECKING:
    import duckdb

_GENERATION = re.compile(r"(part-[0-9]+)(?:-([0-9]+))?\.parquet")
_MEMORY = "1GB"
# What conditions ask of entities that may not have landed.
_COLUMNS_ASKED = {
    "lessons": "''::varchar as lesson_id, null::date as school_date",
    "enrolments": "''::varchar as person_id, null::date as end_date",
    "pupils": "''::varchar as person_id",
    "deletions": "''::varchar as entity, ''::varchar as record_id",
}
# Their own ids name a pupil's entries in the school's system.
OWN_IDS = {"attendances": "attendance_id", "absence_notices": "absence_notice_id", "grades": "grade_id"}
Numbers = np.ndarray[Any, np.dtype[np.int64]]
Doom = Callable[[pa.Table, pa.ChunkedArray], pa.Table]


@dataclass(frozen=True, slots=True)
class FoundRows:
    """The numbers of some rows by their files, and the records' own ids where they were asked for."""

    rows: Mapping[Path, Numbers] = field(default_factory=dict)
    ids: frozenset[str] = frozenset()

    @property
    def count(self) -> int:
        """How many rows they are."""
        return sum(map(len, self.rows.values()))

    def within(self, folder: Path) -> FoundRows:
        """Give those that lie in one load's folder."""
        return FoundRows({path: rows for path, rows in self.rows.items() if path.parent == folder}, self.ids)


def find_rows(  # noqa: PLR0913 - what is looked for, among what, with which help
    files: Mapping[str, Sequence[Path]],
    entity: str,
    condition: str,
    parameters: Mapping[str, object],
    *,
    spill_dir: Path,
    with_ids: bool = False,
) -> FoundRows:
    """Find the landed rows of an entity that meet an SQL condition; it may ask the other entities by name.

    Args:
        files: landed files by entity.
        entity: whose rows are looked for.
        condition: SQL over the columns of its rows.
        parameters: values that the condition names.
        spill_dir: an existing folder of ours, for what does not fit into memory.
        with_ids: whether to give the ids that name the rows in the school's system.

    Raises:
        LandingError: a file is missing or damaged.
    """
    if not files.get(entity):
        return FoundRows()
    told = f"{OWN_IDS[entity]}::varchar" if with_ids and entity in OWN_IDS else "null::varchar"
    query = f"select hash(filename) as file, _row, {told} as own_id from {entity} where {condition}"  # noqa: S608 - our own names
    with _landed_views(files, spill_dir) as connection:
        connection.execute(f"create temp table found as {query}", dict(parameters))
        return _found(connection, files[entity])


def told_rows(
    files: Mapping[str, Sequence[Path]],
    entity: str,
    condition: str,
    parameters: Mapping[str, object],
    *,
    spill_dir: Path,
) -> pa.Table:
    """Give the landed rows of an entity that meet an SQL condition, as they landed; the arguments are `find_rows`'s.

    Raises:
        LandingError: a file is missing or damaged.
    """
    with _landed_views(files, spill_dir) as connection:
        query = f"select * exclude (filename) from {entity} where {condition} order by _load_id, _row"  # noqa: S608 - ours
        return connection.execute(query, dict(parameters)).to_arrow_table()


@contextmanager
def _landed_views(files: Mapping[str, Sequence[Path]], spill_dir: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a view of the landed rows of each entity."""
    # Takes a quarter of a second; most commands need no rows.
    import duckdb

    with tempfile.TemporaryDirectory(dir=spill_dir, prefix=".spill-") as spill:
        config: dict[str, str | bool | int | float | list[str]] = {"memory_limit": _MEMORY, "temp_directory": spill}
        with duckdb.connect(config=config) as connection:
            try:
                for name, paths in files.items():
                    connection.execute(f"create view {name} as {_rows(connection, name, paths)}")
                yield connection
            except duckdb.Error as error:
                # The engine's own words may quote a value.
                message = f"A landed file cannot be read ({type(error).__name__}). Restore landing from its backup."
                raise LandingError(message) from None


def _found(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> FoundRows:
    """Read what was found, file by file."""
    found = connection.execute("select file, _row from found").fetchnumpy()
    files, numbers = np.asarray(found["file"]), np.asarray(found["_row"], np.int64)
    order = np.lexsort((numbers, files))
    hashes, starts = np.unique(files[order], return_index=True)
    by_name = {shown_name(path): path for path in paths}
    hashed = connection.execute(
        "select hash(name), name from (select unnest($names) as name)", {"names": list(by_name)}
    )
    named = {value: by_name[name] for value, name in hashed.fetchall()}
    pieces = np.split(numbers[order], starts[1:])
    rows = {named[int(value)]: piece for value, piece in zip(hashes, pieces, strict=False)}
    ids = connection.execute("select distinct own_id from found where own_id is not null").fetchall()
    return FoundRows(rows, frozenset(own_id for (own_id,) in ids))


def _rows(connection: duckdb.DuckDBPyConnection, entity: str, paths: Sequence[Path]) -> str:
    """Give a query for the rows of some files, with the file of each; without a file there are columns and no rows."""
    if not paths:
        return f"select {_COLUMNS_ASKED[entity]}, ''::varchar as _load_id where false"
    return f"from {rows_of(connection, paths, 'union_by_name = true', 'filename = true')}"


def write_without(folder: Path, files: Sequence[LandedFile], found: FoundRows, doom: Doom) -> tuple[LandedFile, ...]:
    """Write a load's files without the found rows beside the old ones, and name the new ones in its manifest.

    `doom` gives a table without the marked rows. The old files stay until `keep_only`.

    Raises:
        LandingError: the disk is full, or a file is damaged.
    """
    written = [_written(folder / file.name, file, found.rows.get(folder / file.name), doom) for file in files]
    kept = tuple(file for file in written if file.rows)
    manifest = read_manifest(folder / MANIFEST_NAME)
    changed = replace(
        manifest, files=kept, rows=sum(file.rows for file in kept), bytes=sum(file.bytes for file in kept)
    )
    if changed != manifest:
        partial = folder / f".{MANIFEST_NAME}"
        with disk_errors(folder):
            partial.unlink(missing_ok=True)
            changed.write(partial)
            partial.replace(folder / MANIFEST_NAME)
            flush_to_disk(folder)
    return kept


def keep_only(folder: Path, names: Collection[str]) -> list[str]:
    """Remove a load's files that are not among these; gives the names of those that went.

    Raises:
        LandingError: the folder cannot be written.
    """
    gone = [path for path in folder.iterdir() if path.name not in {*names, MANIFEST_NAME}] if folder.is_dir() else []
    with disk_errors(folder):
        for path in gone:
            path.unlink()
        if gone:
            flush_to_disk(folder)
    return sorted(path.name for path in gone)


def _written(path: Path, file: LandedFile, rows: Numbers | None, doom: Doom) -> LandedFile:
    """Write one file without some rows; one without such rows stays as it is."""
    if rows is None:
        return file
    if len(rows) == file.rows:
        return replace(file, rows=0, bytes=0)
    target = path.with_name(_next_name(path.name))
    with disk_errors(target):
        # A killed run may have left half of it.
        target.unlink(missing_ok=True)

    def change(table: pa.Table) -> pa.Table:
        is_doomed = np.isin(table.column("_row").to_numpy(), rows)
        return doom(table, pa.array(is_doomed)) if is_doomed.any() else table

    return replace(write_changed(path, target, change), name=target.name)


def _next_name(name: str) -> str:
    """Give the name under which a file is written anew: another one, for what is built from it must tell them apart."""
    match = _GENERATION.fullmatch(name)
    stem, generation = (match[1], int(match[2] or 1)) if match else (Path(name).stem, 1)
    return f"{stem}-{generation + 1}.parquet"
