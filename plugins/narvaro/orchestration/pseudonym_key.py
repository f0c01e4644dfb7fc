"""The pseudonym key of an installation: where it is kept, and whether the landed rows are keyed by it."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from narvaro.at_rest import Seal, keep_sealed
from narvaro.errors import PrivacyError
from narvaro.landing import has_loads, is_switching, keys_in_force, put_keys_in_force
from narvaro.privacy import key_from_text, load_or_create_key

if TYPE_CHECKING:
    from pathlib import Path

    from narvaro.orchestration.line import Line
    from narvaro.privacy import Key

# The purpose of the keys under which files lie at rest.
_AT_REST = "parquet-at-rest"


def given_key(line: Line) -> Key:
    """Give the key that the installation holds: the password of a connection where one is named, else the file.

    Raises:
        PrivacyError: it is missing, unsafe or not a key.
        SettingsError: there is no such connection.
    """
    conn_id = line.settings.pseudonym_key_conn_id
    if conn_id is not None:
        _require_private(line.settings.connections_path)
        return key_from_text(line.find_connection(conn_id).password, f"connection {conn_id}")
    # A key that is gone must not be replaced once rows rest on it: every pupil would split in two.
    keyed = bool(keys_in_force(line.settings.landing_dir)) or bool(line.ledger.nights())
    return load_or_create_key(line.settings.pseudonym_key_path, keyed_data_exist=keyed)


def _require_private(path: Path) -> None:
    """Refuse a connections file that others may read, once it may hold the key."""
    mode = stat.S_IMODE(path.stat().st_mode) if path.is_file() else 0
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        message = f"{path}: mode {mode:03o} lets others at the pseudonym key. Wanted mode 600: chmod 600 {path}"
        raise PrivacyError(message)


def key_in_force(line: Line) -> Key:
    """Give the key that landed rows are keyed by; the first landing settles which that is.

    A secret that stands in the key and has not been put upon the landed rows is left out: it
    counts from the rotation on.

    Raises:
        PrivacyError: the key is missing, unsafe or another than the rows are keyed by.
        SettingsError: there is no such connection.
    """
    key, landing_dir = given_key(line), line.settings.landing_dir
    in_force = keys_in_force(landing_dir)
    if not in_force:
        # What landed before this file was kept had no rotations.
        in_force = key.key_ids[:1] if has_loads(landing_dir) else key.key_ids
        put_keys_in_force(landing_dir, in_force)
    return key.in_force(in_force)


def seal_stores(line: Line) -> None:
    """Say by which key the landing and the quarantine are sealed, and whether they are."""

    def keys() -> dict[str, bytes]:
        key = given_key(line)
        return dict(zip(key.key_ids, key.chain(_AT_REST), strict=True))

    seal = Seal(keys, is_on=line.settings.encrypt_at_rest)
    for folder in (line.settings.landing_dir, line.settings.quarantine_dir):
        keep_sealed(folder, seal)


def require_still_in_force(line: Line, key: Key) -> None:
    """Refuse to land by a key that was read before a rotation; ask while holding the source's lock.

    Raises:
        PrivacyError: the landed rows are keyed otherwise by now.
    """
    require_no_switch(line.settings.landing_dir)
    if keys_in_force(line.settings.landing_dir) != key.key_ids:
        message = "The pseudonym key was rotated meanwhile. Run the night again."
        raise PrivacyError(message)


def require_no_switch(landing_dir: Path) -> None:
    """Refuse to read or write while rows of the old and the new key may lie side by side.

    Raises:
        PrivacyError: a rotation is under way or was interrupted.
    """
    if is_switching(landing_dir):
        message = (
            "The pseudonym key is being rotated, or its rotation was interrupted: rows of two keys may lie side by "
            "side and are neither read nor written. Wait for it, or finish it: narvaro privacy rotate-key --resume"
        )
        raise PrivacyError(message)
