"""The file that keeps the pseudonym key: mode 600, outside every store, never half written."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from narvaro.errors import PrivacyError
from narvaro.privacy.keys import Key, key_from_text, new_key

_LONGEST_FILE = 65_536
_FOREIGN_BITS = stat.S_IRWXG | stat.S_IRWXO


def load_or_create_key(path: Path, *, keyed_data_exist: bool = False) -> Key:
    """Load the key, or create it on the very first run.

    Args:
        path: the key's file.
        keyed_data_exist: whether anything was pseudonymised before; then a missing key is
            an error, for a new one would split every pupil in two without a word.

    Raises:
        PrivacyError: the key is missing, readable by others, short or not a key.
    """
    if not path.exists() and not path.is_symlink() and not keyed_data_exist:
        _create_key(path)
    return load_key(path)


def load_key(path: Path) -> Key:
    """Load the key from its file.

    Raises:
        PrivacyError: the key is missing, readable by others, short or not a key.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        message = f"{path}: the pseudonym key is missing. Restore it from its safe; a new key would split every pupil."
        raise PrivacyError(message) from None
    except OSError as error:
        message = f"{path}: the pseudonym key cannot be read ({error.strerror}). Mend its owner or its folder's mode."
        raise PrivacyError(message) from None
    try:
        _check_file(os.fstat(descriptor), path)
        text = os.read(descriptor, _LONGEST_FILE).decode("ascii", errors="replace")
    finally:
        os.close(descriptor)
    return key_from_text(text, str(path))


def replace_key(path: Path, key: Key) -> None:
    """Write a key in place of the one before it, whole or not at all; the caller works alone.

    Raises:
        PrivacyError: its folder cannot be written.
    """
    # A secret that a killed run has written beside is nobody's.
    for leftover in path.parent.glob(f".{path.name}.*"):
        leftover.unlink(missing_ok=True)
    with _written_beside(path, key) as partial:
        partial.replace(path)


def _check_file(status: os.stat_result, path: Path) -> None:
    """Refuse a key's file that is no file or that others may touch."""
    if not stat.S_ISREG(status.st_mode):
        message = f"{path}: the pseudonym key is not a regular file. Put the key's file there."
        raise PrivacyError(message)
    mode = stat.S_IMODE(status.st_mode)
    if mode & _FOREIGN_BITS:
        message = f"{path}: mode {mode:03o} lets others at the pseudonym key. Wanted mode 600: chmod 600 {path}"
        raise PrivacyError(message)


def _create_key(path: Path) -> None:
    """Write a new key beside and link it into place, so that two first runs agree on one key."""
    with _written_beside(path, new_key()) as partial:
        try:
            path.hardlink_to(partial)
        except FileExistsError:
            return


@contextmanager
def _written_beside(path: Path, key: Key) -> Iterator[Path]:
    """Write a key to a file beside its place, to be put there within the block."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(key.to_text())
                file.flush()
                os.fsync(file.fileno())
            yield partial
            _flush_folder(path.parent)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        message = (
            f"{path}: the pseudonym key cannot be written ({error.strerror}). Make its folder writable, "
            "or add the new secret to the file as docs/runbooks/rotate-a-credential.md shows."
        )
        raise PrivacyError(message) from None


def _flush_folder(path: Path) -> None:
    """Wait until a folder's names are on the disk."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
