"""One build at a time: a lock that the operating system frees when its holder dies."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from narvaro.errors import BusyError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def build_lock(warehouse_path: Path) -> Iterator[None]:
    """Hold the right to build this warehouse.

    Raises:
        BusyError: another build holds it.
    """
    lock_path = warehouse_path.with_name(f".{warehouse_path.name}.lock")
    descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"Another build of {warehouse_path} is running. Wait until it ends, then build again."
            raise BusyError(message) from None
        yield
    finally:
        os.close(descriptor)
