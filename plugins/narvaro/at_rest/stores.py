"""Which folders of this process are kept sealed, and by which keys."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from narvaro.at_rest.container import HEADER_BYTES, MAGIC, SealedReader, SealedWriter, key_id_of
from narvaro.errors import PrivacyError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


class Seal:
    """How a folder's files lie at rest.

    Args:
        keys: gives the keys by their public names, the one to write by last; asked when one is first needed.
        is_on: whether new files are sealed; sealed ones are read either way.
    """

    def __init__(self, keys: Callable[[], Mapping[str, bytes]], *, is_on: bool) -> None:
        self.is_on = is_on
        self._ask = keys
        self._known: dict[str, bytes] = {}

    def newest(self) -> tuple[bytes, bytes]:
        """Give the key to write by: its public name, and the key."""
        self._known = self._known or dict(self._ask())
        key_id, key = list(self._known.items())[-1]
        return bytes.fromhex(key_id), key

    def key_of(self, key_id: bytes) -> bytes:
        """Give a key by its public name.

        Raises:
            PrivacyError: there is no such key.
        """
        if key_id.hex() not in self._known:
            # It may have been rotated since.
            self._known = dict(self._ask())
        if key_id.hex() not in self._known:
            message = f"A file is sealed by key {key_id.hex()}, which is not there. Restore the pseudonym key."
            raise PrivacyError(message)
        return self._known[key_id.hex()]


_seals: dict[Path, Seal] = {}


def keep_sealed(folder: Path, seal: Seal) -> None:
    """Say how the files under a folder lie at rest, from now on in this process."""
    _seals[folder] = seal


def is_sealed(path: Path) -> bool:
    """Tell whether a file is sealed, by its first bytes."""
    try:
        with path.open("rb", buffering=0) as file:
            return file.read(len(MAGIC)) == MAGIC
    except FileNotFoundError:
        return False


def writer_of(path: Path, partial: Path | None = None) -> SealedWriter | None:
    """Open a file, or what is to become it, to be written sealed; None where files lie plain."""
    seal = _seal_of(path)
    if seal is None or not seal.is_on:
        return None
    return SealedWriter(partial or path, *seal.newest())


def reader_of(path: Path) -> SealedReader:
    """Open a sealed file.

    Raises:
        PrivacyError: its key is not there.
    """
    seal = _seal_of(path)
    if seal is None:
        message = f"{path} is sealed, and nobody has said by which key. Open it through its installation."
        raise PrivacyError(message)
    return SealedReader(path, seal.key_of)


def lies_as_wanted(path: Path) -> bool:
    """Tell whether a file lies as a new one would: plain, or sealed by the newest key."""
    seal = _seal_of(path)
    is_on = seal is not None and seal.is_on
    if not is_sealed(path) or seal is None:
        return not is_on
    with path.open("rb", buffering=0) as file:
        return is_on and key_id_of(file.read(HEADER_BYTES)) == seal.newest()[0]


def lay_as_wanted(path: Path) -> None:
    """Write a file anew as a new one would lie, in place of the old one, whole or not at all.

    Raises:
        OSError: it cannot be written.
        PrivacyError: its key is not there.
    """
    if lies_as_wanted(path):
        return
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    reader = reader_of(path) if is_sealed(path) else path.open("rb")
    with reader, writer_of(path, partial) or partial.open("wb") as writer:
        shutil.copyfileobj(reader, writer)
    descriptor = os.open(partial, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    partial.replace(path)


def _seal_of(path: Path) -> Seal | None:
    """Give how the nearest folder that anything was said of is kept."""
    return next((_seals[folder] for folder in path.parents if folder in _seals), None)
