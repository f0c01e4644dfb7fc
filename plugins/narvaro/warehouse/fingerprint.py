"""What a warehouse was built from, in one hash: the same hash means that there is nothing to build."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from narvaro.warehouse.content import WarehouseContent

_TABLE = "about.content"
_PROJECT_FILES = ("*.sql", "*.yml", "*.csv")


def fingerprint(content: WarehouseContent, project_dir: Path, kept_sums: Sequence[Path] = ()) -> str:
    """Hash the loads, the quarantined rows, the kept sums, the reference tables and the dbt project."""
    digest = hashlib.sha256()
    for load in sorted(content.loads, key=lambda load: load.load_id):
        # A file never changes under its name; a load whose rows were taken away on purpose has others.
        names = ",".join(path.name for path in load.files)
        digest.update(f"{load.load_id} {names}\n".encode())
    for path in sorted([*content.quarantine_files, *kept_sums]):
        digest.update(path.read_bytes())
    for name, table in sorted(content.references.items()):
        digest.update(f"{name}{table.schema}{table.to_pylist()}".encode())
    for pattern in _PROJECT_FILES:
        for path in sorted(project_dir.rglob(pattern)):
            digest.update(path.relative_to(project_dir).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def keep_fingerprint(path: Path, value: str) -> None:
    """Write the hash into the warehouse itself, so that neither can be replaced without the other."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema about")
        connection.execute(f"create table {_TABLE} as select ? as fingerprint", [value])


def is_built_from(path: Path, value: str) -> bool:
    """Tell whether the warehouse stands and was built from just this."""
    if not path.is_file():
        return False
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            return connection.execute(f"select fingerprint from {_TABLE}").fetchall() == [(value,)]  # noqa: S608
    except duckdb.Error:
        # Damaged, or of an older version: built anew either way.
        return False
