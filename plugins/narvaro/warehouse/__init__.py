"""The restricted store: loading, dbt, reading."""

from __future__ import annotations

from narvaro.warehouse.archive import archive_dir, archive_sums, archived_files
from narvaro.warehouse.building import BuildResult, Resources, build
from narvaro.warehouse.content import LandedLoad, WarehouseContent
from narvaro.warehouse.grain import grain_of
from narvaro.warehouse.locking import build_lock
from narvaro.warehouse.parsing import parse_project
from narvaro.warehouse.protection import ProtectionState, protection_state
from narvaro.warehouse.reading import read_only, read_rows, rows_about
from narvaro.warehouse.reference import reference_tables

__all__ = [
    "BuildResult",
    "LandedLoad",
    "ProtectionState",
    "Resources",
    "WarehouseContent",
    "archive_dir",
    "archive_sums",
    "archived_files",
    "build",
    "build_lock",
    "grain_of",
    "parse_project",
    "protection_state",
    "read_only",
    "read_rows",
    "reference_tables",
    "rows_about",
]
