"""Taking found rows out of every store: loads, quarantine, remarks, and the ledger's words about them."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING

from narvaro.landing import LandedFile, keep_only, remove_unknown_loads, stale_stagings, write_without
from narvaro.ledger import LoadFile, RemovalRecord
from narvaro.orchestration.loads import load_paths
from narvaro.privacy import without_rows
from narvaro.quality import forget_rows, sweep_quarantine

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from narvaro.landing import FoundRows
    from narvaro.ledger import LoadRecord
    from narvaro.orchestration.line import Line


def standing_loads(line: Line, source: str) -> list[LoadRecord]:
    """Give a source's loads whose files are kept, whatever was thought of them."""
    return [load for load in line.ledger.loads(source=source) if load.status != "superseded"]


def files_by_entity(line: Line, loads: Iterable[LoadRecord]) -> dict[str, list[Path]]:
    """Give the files of loads by entity."""
    files: dict[str, list[Path]] = {}
    for load in loads:
        files.setdefault(load.entity, []).extend(load_paths(line.settings, load))
    return files


def sweep_source(line: Line, source: str) -> None:
    """Remove what of a source serves nobody: killed nights, superseded loads, and what a killed removal left."""
    landing_dir, known = line.settings.landing_dir, line.ledger.known_load_ids(source)
    for staging in stale_stagings(landing_dir, source):
        shutil.rmtree(staging)
    remove_unknown_loads(landing_dir, source, known)
    sweep_quarantine(line.settings.quarantine_dir, source, known)
    for load in standing_loads(line, source):
        keep_only(_folder(line, load), {file.name for file in load.files})


def remove_rows(  # noqa: PLR0913 - a step of a run: its class, a load, and what goes
    line: Line,
    run_id: str,
    class_name: str,
    load: LoadRecord,
    *,
    found: FoundRows,
    record_ids: Collection[str] = (),
) -> int:
    """Take found rows out of a load and of all that names them, and note it; gives how many went.

    Killed at any moment, the same call again ends it: the ledger's word on which files are the load's comes
    after the new files and before the old ones go.
    """
    folder = _folder(line, load)
    mine = found.within(folder)
    numbers = list(mine.rows.values())
    forget_rows(
        line.settings.quarantine_dir, (load.source, load.entity, load.load_id), rows=numbers, record_ids=record_ids
    )
    if not mine.count:
        return 0
    files = tuple(LandedFile(file.name, file.rows, file.bytes, file.sha256) for file in load.files)
    kept = write_without(folder, files, mine, partial(without_rows, load.entity))
    names = {file.name for file in kept}
    gone = tuple(file.name for file in files if file.name not in names)
    removal = RemovalRecord(run_id, class_name, mine.count, load.source, load.entity, load.load_id, gone)
    line.ledger.remove_from_load(
        load.load_id, [LoadFile(file.name, file.rows, file.bytes, file.sha256) for file in kept], removal
    )
    keep_only(folder, names)
    return mine.count


def drop_warehouse(line: Line) -> None:
    """Remove the warehouse and what building it has left: it holds rows that are to go."""
    warehouse = line.settings.warehouse_path
    for leftover in (warehouse, warehouse.with_name(f"{warehouse.name}.wal")):
        leftover.unlink(missing_ok=True)
    # Of a failure dbt may have quoted a row.
    shutil.rmtree(line.settings.home / "dbt", ignore_errors=True)


def rebuild(line: Line) -> str:
    """Build the warehouse from what is left, as of the newest accepted night; empty when there is none."""
    from narvaro.orchestration import county_steps

    accepted = line.ledger.accepted_loads()
    return county_steps.build(line, max(load.night for load in accepted)) if accepted else ""


def _folder(line: Line, load: LoadRecord) -> Path:
    """Give where a load lies."""
    return line.settings.landing_dir / load.entity / load.source / load.load_id
