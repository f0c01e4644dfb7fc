"""Folders and files that only we may read, and that are on the disk when we say so."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from narvaro.errors import BusyError, LandingError

PRIVATE_DIR = 0o700
PRIVATE_FILE = 0o600
STAGING = ".staging"
_LOCKS = ".locks"


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn the system's refusals into one clear error."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            message = (
                f"{path}: the disk is full, so nothing of this night was landed. Free space and run the night again."
            )
        else:
            reason = os.strerror(error.errno) if error.errno else type(error).__name__
            message = f"{path}: cannot be written ({reason}). Mend the folder and run the night again."
        raise LandingError(message) from None


@contextmanager
def source_lock(landing_dir: Path, source: str) -> Iterator[None]:
    """Hold a source's landing alone; the system lets go of it when the process dies.

    Raises:
        BusyError: another process holds it.
    """
    with disk_errors(landing_dir):
        make_private_dir(landing_dir / _LOCKS)
        descriptor = os.open(
            landing_dir / _LOCKS / f"{source}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE
        )
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            message = f"{source}: another process lands this source right now. Wait until it has ended, then run again."
            raise BusyError(message) from None
        yield
    finally:
        os.close(descriptor)


def make_private_dir(path: Path) -> None:
    """Make a folder and those above it, each for us alone."""
    if path.is_dir():
        return
    make_private_dir(path.parent)
    path.mkdir(mode=PRIVATE_DIR, exist_ok=True)


def create_private_file(path: Path) -> None:
    """Create an empty file for us alone."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE))


def flush_to_disk(path: Path) -> None:
    """Wait until a file's or a folder's content is on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
