"""By which secrets the landed rows are keyed: public names of them, in a file beside the loads."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from narvaro.errors import LandingError
from narvaro.landing.disk import create_private_file, disk_errors, flush_to_disk, make_private_dir

KEY_STATE_NAME = ".key.json"


def keys_in_force(landing_dir: Path) -> tuple[str, ...]:
    """Give the public names of the secrets that every landed row is keyed by, none before the first landing.

    Raises:
        LandingError: the file is damaged.
    """
    path = landing_dir / KEY_STATE_NAME
    try:
        # Never none: that would be taken for a landing without rows.
        first, *later = json.loads(path.read_text(encoding="utf-8"))["keys"]
        return (str(first), *map(str, later))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError):
        message = f"{path}: cannot be read. Restore the landing folder from its backup."
        raise LandingError(message) from None


def put_keys_in_force(landing_dir: Path, key_ids: tuple[str, ...]) -> None:
    """Say by which secrets every landed row is keyed.

    Raises:
        LandingError: the folder cannot be written.
    """
    path = landing_dir / KEY_STATE_NAME
    partial = path.with_name(f"{KEY_STATE_NAME}.{os.getpid()}.{secrets.token_hex(3)}")
    with disk_errors(path):
        make_private_dir(landing_dir)
        try:
            create_private_file(partial)
            partial.write_text(json.dumps({"keys": list(key_ids)}) + "\n", encoding="utf-8")
            flush_to_disk(partial)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        flush_to_disk(landing_dir)


def has_loads(landing_dir: Path) -> bool:
    """Tell whether anything has landed."""
    return any(True for _ in landing_dir.glob("[!.]*/*/*"))
