"""What one host is asked to bear, kept by all processes of this machine together.

Many sources live at the same vendor, each read by a process of its own. They meet in a folder:
a file for a host's pace holds the moment when it may be asked next, and whoever asks takes that
moment and moves it on; a locked file is a seat among its readers. Both are locks of the kernel,
so that a reader that is killed leaves nothing behind.
"""

from __future__ import annotations

import fcntl
import logging
import os
import random
import re
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from narvaro.errors import SettingsError, SourceBusyError

_MOMENT = struct.Struct("<d")
# The clock counts from the machine's start: a moment further ahead was written before the last one.
_LONGEST_QUEUE_SECONDS = 120.0
_LONGEST_TURN_SECONDS = 2 * 3600.0
_WAIT_AFTER_A_LOST_TURN_SECONDS = 600.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HostManners:
    """The limits of every host, and the folder where its readers meet; None sets no limit."""

    folder: Path
    requests_per_second: float | None
    concurrent_reads: int | None = None


def manners_of(manners: HostManners | None, *, named: float | None, extra: Mapping[str, Any]) -> HostManners | None:
    """Give one source's manners: its connection's own pace (0 for none), else the `named` one, else the county's.

    Raises:
        SettingsError: the connection's pace is no number.
    """
    if manners is None:
        return None
    own = extra.get("requests_per_second")
    try:
        chosen = float(str(own)) if own not in (None, "") else named or manners.requests_per_second or 0.0
    except ValueError:
        chosen = -1.0
    if not 0.0 <= chosen < float("inf"):
        message = "requests_per_second of the connection is no number of requests. Wanted one such as 5, or 0 for any."
        raise SettingsError(message)
    return replace(manners, requests_per_second=chosen or None)


@dataclass(slots=True)
class Pace:
    """The moments at which one host may be asked, one interval apart, whoever asks."""

    path: Path
    interval: float
    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _descriptor: int | None = None

    def reserve(self) -> float:
        """Take the host's next free moment; gives the seconds until it."""
        with self._lock:
            if self._descriptor is None:
                self._descriptor = _opened(self.path)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            try:
                now = self.clock()
                written = os.pread(self._descriptor, _MOMENT.size, 0)
                free = _MOMENT.unpack(written)[0] if len(written) == _MOMENT.size else now
                moment = free if now < free <= now + _LONGEST_QUEUE_SECONDS else now
                os.pwrite(self._descriptor, _MOMENT.pack(moment + self.interval), 0)
            finally:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        return float(moment - now)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None


class Limits:
    """One source's part in keeping the limits of the hosts that it asks."""

    def __init__(
        self, source: str, manners: HostManners | None, base_url: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._source = source
        self._manners = manners
        self._host = host_name(httpx.URL(base_url))
        self._sleep = sleep
        self._paces: dict[str, Pace] = {}
        self._seat: int | None = None
        self._lock = threading.Lock()

    def take_seat(self) -> None:
        """Wait for a seat among the readers of the source's host, unless we have one.

        Raises:
            SourceBusyError: no reader of the host has left its seat for hours.
        """
        if self._manners is not None:
            self._take_seat(self._manners)

    def before_request(self, request: httpx.Request) -> None:
        """Wait until the request's host may be asked; the first one may have to wait for a seat too.

        Raises:
            SourceBusyError: no reader of the host has left its seat for hours.
        """
        self.take_seat()
        if self._manners is None or not self._manners.requests_per_second:
            return
        host = host_name(request.url)
        with self._lock:
            if host not in self._paces:
                path = self._manners.folder / f"{host}.pace"
                self._paces[host] = Pace(path, 1.0 / self._manners.requests_per_second)
        if wait := self._paces[host].reserve():
            self._sleep(wait)

    def close(self) -> None:
        """Leave the seat to the next reader."""
        with self._lock:
            for pace in self._paces.values():
                pace.close()
            self._paces.clear()
            if self._seat is not None:
                fcntl.flock(self._seat, fcntl.LOCK_UN)
                os.close(self._seat)
                self._seat = None

    def _take_seat(self, manners: HostManners) -> None:
        """Wait for one of the host's seats, unless we have one."""
        with self._lock:
            if self._seat is not None or not manners.concurrent_reads:
                return
            seats = [manners.folder / f"{self._host}.reader-{number}" for number in range(manners.concurrent_reads)]
            self._seat = _free_seat(seats)
            if self._seat is None:
                _log.info("%s waits: %d sources of its host are being read", self._source, len(seats))
            gives_up_at = time.monotonic() + _LONGEST_TURN_SECONDS
            while self._seat is None:
                if time.monotonic() > gives_up_at:
                    message = (
                        f"{self._source}: {len(seats)} sources of the same host are being read and none has ended for "
                        "hours. Look for a reader that hangs, or raise concurrent_reads of the county."
                    )
                    raise SourceBusyError(message, retry_after_seconds=_WAIT_AFTER_A_LOST_TURN_SECONDS)
                self._sleep(random.uniform(0.1, 0.5))  # noqa: S311 - no secret rests on this
                self._seat = _free_seat(seats)


def host_name(url: httpx.URL) -> str:
    """Name the host of an address so that it can name a file: one vendor, one name, whatever the path."""
    port = url.port or {"http": 80, "https": 443}.get(url.scheme, 0)
    return re.sub(r"[^a-z0-9.-]", "_", f"{url.host.lower()}-{port}")


def _free_seat(seats: list[Path]) -> int | None:
    """Lock the first seat that nobody holds; None when all are held."""
    for path in seats:
        descriptor = _opened(path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        else:
            return descriptor
    return None


def _opened(path: Path) -> int:
    """Open a file of the meeting folder, which may not be there yet."""
    try:
        for folder in (path.parent.parent, path.parent):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        message = f"{path.parent}: cannot be written ({error.strerror}). The readers of a host meet there; mend it."
        raise SettingsError(message) from None
