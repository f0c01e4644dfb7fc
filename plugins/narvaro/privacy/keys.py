"""The secret that every pseudonym rests on: one file, mode 600, outside every store."""

from __future__ import annotations

import hmac
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from narvaro.errors import PrivacyError

KEY_BYTES = 32
_LONGEST_FILE = 4096
_FOREIGN_BITS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Key:
    """A secret key; neither its `repr` nor its pickled form shows it."""

    secret: bytes = field(repr=False)

    def for_purpose(self, purpose: str) -> bytes:
        """Derive the key of one purpose, so that pseudonyms of two purposes never meet."""
        return hmac.digest(self.secret, b"narvaro/purpose/1/" + purpose.encode(), "sha256")

    @property
    def key_id(self) -> str:
        """A public name of the key, to tell whether two loads were keyed alike."""
        return hmac.digest(self.secret, b"narvaro/key-id/1", "sha256").hex()[:16]

    def __reduce__(self) -> tuple[object, ...]:
        message = "A key is not to be pickled. Pass the path of its file and load it there."
        raise PrivacyError(message)


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
    return _key_from_text(text.strip(), path)


def _check_file(status: os.stat_result, path: Path) -> None:
    """Refuse a key's file that is no file or that others may touch."""
    if not stat.S_ISREG(status.st_mode):
        message = f"{path}: the pseudonym key is not a regular file. Put the key's file there."
        raise PrivacyError(message)
    mode = stat.S_IMODE(status.st_mode)
    if mode & _FOREIGN_BITS:
        message = f"{path}: mode {mode:03o} lets others at the pseudonym key. Wanted mode 600: chmod 600 {path}"
        raise PrivacyError(message)


def _key_from_text(text: str, path: Path) -> Key:
    """Read a key from its hexadecimal text; the text itself never reaches an error."""
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        message = f"{path}: not a pseudonym key. Wanted {KEY_BYTES * 2} hexadecimal digits; restore it from its safe."
        raise PrivacyError(message) from None
    if len(secret) < KEY_BYTES:
        message = f"{path}: {len(secret)} bytes of key, wanted {KEY_BYTES} or more. Restore it from its safe."
        raise PrivacyError(message)
    return Key(secret)


def _create_key(path: Path) -> None:
    """Write a new key beside and link it into place, so that two first runs agree on one key."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(KEY_BYTES) + "\n")
                file.flush()
                os.fsync(file.fileno())
            _link(partial, path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        message = f"{path}: the pseudonym key cannot be created ({error.strerror}). Make its folder writable."
        raise PrivacyError(message) from None


def _link(partial: Path, path: Path) -> None:
    """Give the finished key its name unless another process was first."""
    try:
        path.hardlink_to(partial)
    except FileExistsError:
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
