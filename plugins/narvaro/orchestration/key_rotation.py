"""Rotating the pseudonym key: a new secret upon the old ones, all that is stored keyed anew, nothing refetched."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from narvaro.at_rest import lay_as_wanted
from narvaro.errors import BusyError, PrivacyError
from narvaro.landing import (
    Staged,
    end_switch,
    is_switching,
    landed_manifests,
    planned_keys,
    remove_unknown_loads,
    stage_all,
    switch,
)
from narvaro.ledger import LoadFile
from narvaro.orchestration import county_steps
from narvaro.orchestration.pseudonym_key import given_key, key_in_force, seal_stores
from narvaro.orchestration.removing import drop_warehouse
from narvaro.orchestration.standstill import standstill
from narvaro.privacy import DELETED_COLUMNS, KEYED_COLUMNS, Rekeyer, replace_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from narvaro.orchestration.line import Line
    from narvaro.privacy import Key

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did: the key's public name from now on, what it has keyed anew, and what it has built."""

    key_id: str
    staged: Staged | None
    built: str


def rotate_key(line: Line, *, only_resume: bool = False) -> Rotation:
    """Put a new secret upon the key and all that is stored; finishes a rotation that was interrupted instead.

    Every landed file is written anew beside the old one; then all are renamed into their places.
    A run that is killed leaves the old rows in force, or a plan that only this function may finish.

    Args:
        line: opened with `during_switch`.
        only_resume: never begin a rotation; finish one, and build a warehouse that is missing.

    Raises:
        BusyError: a source is landing or not yet judged, or a build is running.
        PrivacyError: the key is missing, unsafe or another than the rows are keyed by.
        LandingError: the disk is full; the old rows stand.
        BuildError: the rotation stands, and the warehouse is to be built anew.
    """
    staged = None
    with standstill(line):
        if not is_switching(line.settings.landing_dir):
            staged = _stage(line, only_resume=only_resume)
        if is_switching(line.settings.landing_dir):
            _finish(line)
        key_id = key_in_force(line).key_id
    return Rotation(key_id, staged, _build(line))


def _stage(line: Line, *, only_resume: bool) -> Staged | None:
    """Key all landed rows anew, beside the old ones; None when there is nothing to resume."""
    landing_dir = line.settings.landing_dir
    if begun := sorted({run.kind for run in line.ledger.removal_runs(status="begun")}):
        message = f"Interrupted: {', '.join(begun)}. Let it end (narvaro privacy receipts), then rotate the key."
        raise BusyError(message)
    was, key = key_in_force(line), given_key(line)
    if key.key_ids == was.key_ids:
        if only_resume:
            return None
        key = _extended(line, key)
        # What is written from now on is sealed by the new secret too.
        seal_stores(line)
    for source in {path.name for path in landing_dir.glob("[!.]*/*")}:
        remove_unknown_loads(landing_dir, source, line.ledger.known_load_ids(source))
    rekeyer = Rekeyer(key, len(was.key_ids))
    _log.info("Keying every landed row anew: from key %s to key %s", was.key_id, key.key_id)
    return stage_all(landing_dir, _holds_pseudonyms, rekeyer.table, key.key_ids)


def _extended(line: Line, key: Key) -> Key:
    """Put a new secret upon the key, in its file; in a connection only a person can."""
    if line.settings.pseudonym_key_conn_id is not None:
        message = (
            f"The pseudonym key is kept in the connection {line.settings.pseudonym_key_conn_id}. Write a new secret "
            "(openssl rand -hex 32) behind the present one in its password, after a space, then run this again."
        )
        raise PrivacyError(message)
    longer = key.extended()
    # First of all: rows must never be keyed by a secret that is nowhere else.
    replace_key(line.settings.pseudonym_key_path, longer)
    return longer


def _finish(line: Line) -> None:
    """Put the new rows in their places, tell the ledger, drop what was built from the old ones."""
    from narvaro.warehouse import archive_dir, archived_files

    landing_dir = line.settings.landing_dir
    # Whoever cannot key new rows as the old ones must not finish.
    given_key(line).in_force(planned_keys(landing_dir))
    switch(landing_dir)
    files = {
        manifest.load_id: [LoadFile(file.name, file.rows, file.bytes, file.sha256) for file in manifest.files]
        for manifest in landed_manifests(landing_dir)
    }
    line.ledger.replace_files(files)
    # What names no pupil was not keyed anew, and may lie under the old secret.
    for path in (*line.settings.quarantine_dir.rglob("*.parquet"), *archived_files(archive_dir(line.settings))):
        lay_as_wanted(path)
    drop_warehouse(line)
    end_switch(landing_dir)


def _build(line: Line) -> str:
    """Build the warehouse that the rotation has dropped, as of the newest accepted night."""
    accepted = line.ledger.accepted_loads()
    if not accepted or line.settings.warehouse_path.exists():
        return ""
    return county_steps.build(line, max(load.night for load in accepted))


def _holds_pseudonyms(columns: Sequence[str]) -> bool:
    """Tell whether a landed file has a column with pseudonyms in it."""
    return any(column in KEYED_COLUMNS for column in columns) or set(columns) >= DELETED_COLUMNS
