"""Building the warehouse: beside the one in use, then put in its place."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from narvaro.at_rest import PROTOCOL
from narvaro.errors import BuildError
from narvaro.warehouse.archive import add_archived, archive_dir, archived_files
from narvaro.warehouse.dbt_run import NodeResult, run_dbt
from narvaro.warehouse.fingerprint import fingerprint, is_built_from, keep_fingerprint
from narvaro.warehouse.loading import drop_raw, load
from narvaro.warehouse.locking import build_lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from narvaro.settings import Settings
    from narvaro.warehouse.content import WarehouseContent


@dataclass(frozen=True, slots=True)
class Resources:
    """What a build may use of the machine; `model_threads` is how many models dbt runs at once."""

    memory_limit: str = "2GB"
    threads: int = 2
    model_threads: int = 2


@dataclass(frozen=True, slots=True)
class BuildResult:
    """One finished build; `changed` is false when the warehouse already stood, built from the same."""

    warehouse_path: Path
    tables: Mapping[str, int]
    nodes: tuple[NodeResult, ...]
    seconds: float
    changed: bool = True

    @property
    def warnings(self) -> tuple[NodeResult, ...]:
        """The tests that found something worth a look."""
        return tuple(node for node in self.nodes if node.status == "warn")


def build(settings: Settings, content: WarehouseContent, *, resources: Resources | None = None) -> BuildResult:
    """Build the warehouse anew and replace the old one; on failure the old one stands.

    Raises:
        BusyError: another build is running.
        BuildError: loading, a model or a test failed; names the nodes, never the data.
    """
    began = time.monotonic()
    target = settings.warehouse_path
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with build_lock(target):
        building = target.with_name(f".{target.name}.building")
        # What a killed build has left is of no use to anybody.
        _remove(building)
        kept_sums = archived_files(archive_dir(settings))
        wanted = fingerprint(content, settings.dbt_dir, kept_sums)
        if is_built_from(target, wanted):
            return BuildResult(target, _count_rows(target), (), time.monotonic() - began, changed=False)
        try:
            with _write_errors():
                nodes = _build_beside(building, settings, content, resources or Resources())
                add_archived(building, kept_sums)
                keep_fingerprint(building, wanted)
                tables = _count_rows(building)
                _put_in_place(building, target)
        finally:
            _remove(building)
    return BuildResult(target, tables, nodes, time.monotonic() - began)


def _build_beside(
    building: Path, settings: Settings, content: WarehouseContent, resources: Resources
) -> tuple[NodeResult, ...]:
    """Load and run dbt on a new file; the raw schema does not stay in it."""
    load(building, content)
    building.chmod(0o600)
    nodes = run_dbt(
        ["build", "--exclude-resource-type", "unit_test"],
        project_dir=settings.dbt_dir,
        work_dir=settings.home / "dbt",
        env=dbt_environment(building, resources),
    )
    drop_raw(building)
    return nodes


@contextmanager
def _write_errors() -> Iterator[None]:
    """Give the trouble of writing a file as a BuildError; the database's own words may quote a value."""
    try:
        yield
    except OSError as error:
        message = f"The warehouse could not be written ({error.strerror}). Free some space, then: narvaro build."
        raise BuildError(message) from error
    except duckdb.Error as error:
        message = (
            f"The warehouse could not be written ({type(error).__name__}). "
            "Free some space or mend the folder's rights, then: narvaro build."
        )
        raise BuildError(message) from None


def dbt_environment(building: Path, resources: Resources) -> dict[str, str]:
    """Give the variables that dbt/profiles.yml reads."""
    return {
        "NARVARO_WAREHOUSE_BUILDING_PATH": str(building),
        "NARVARO_WAREHOUSE_MEMORY_LIMIT": resources.memory_limit,
        "NARVARO_WAREHOUSE_THREADS": str(resources.threads),
        "NARVARO_WAREHOUSE_MODEL_THREADS": str(resources.model_threads),
        "NARVARO_WAREHOUSE_SPILL_DIR": str(building.with_name(f"{building.name}.spill")),
        "NARVARO_WAREHOUSE_FILESYSTEMS": f"[{{'fs': '{PROTOCOL}'}}]",
    }


def _remove(path: Path) -> None:
    """Remove a building file with its log and its spilled blocks."""
    path.unlink(missing_ok=True)
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    spill = path.with_name(f"{path.name}.spill")
    if spill.is_dir():
        for leftover in spill.iterdir():
            leftover.unlink()
        spill.rmdir()


def _count_rows(path: Path) -> dict[str, int]:
    """Count the rows of every mart."""
    with duckdb.connect(str(path), read_only=True) as connection:
        names = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts' order by table_name"
        ).fetchall()
        counts = {
            name: connection.execute(f'select count(*) from marts."{name}"').fetchone()  # noqa: S608 - catalogue names
            for (name,) in names
        }
    return {name: int(row[0]) for name, row in counts.items() if row}


def _put_in_place(building: Path, target: Path) -> None:
    """Replace the warehouse by the finished file, durably."""
    descriptor = os.open(building, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    # A log that somebody's killed writer left would be replayed on the new file.
    target.with_name(f"{target.name}.wal").unlink(missing_ok=True)
    building.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
