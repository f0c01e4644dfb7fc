"""A mail server for demonstrations: it takes every letter and keeps it as a file."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import threading
import time
from typing import TYPE_CHECKING, Self

from aiosmtpd.smtp import SMTP

from narvaro.errors import AlertError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from aiosmtpd.smtp import Envelope, Session

ACCEPTED = "250 Message accepted for delivery"


class _Folder:
    """Keeps each letter as one `.eml`, whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep one letter; the name is aiosmtpd's."""
        recipient = re.sub(r"[^a-z0-9.@-]+", "_", envelope.rcpt_tos[0].lower())
        target = self.folder / f"{time.time_ns()}-{recipient}.eml"
        partial = target.with_name(f".{target.name}.partial")
        try:
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(envelope.content or b"")
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        except OSError:
            return "452 Insufficient system storage"
        return ACCEPTED


class MailCatcher:
    """A mail server in a thread of its own; port 0 takes a free one, told by `port`."""

    def __init__(self, folder: Path, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.folder, self.host, self.port = folder, host, port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mail-catcher", daemon=True)
        self._server: asyncio.Server | None = None

    def __enter__(self) -> Self:
        """Listen.

        Raises:
            AlertError: the port is taken, or the folder cannot be made.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            message = f"{self.folder}: the letters' folder cannot be made ({error.strerror}). Choose another."
            raise AlertError(message) from None
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        except OSError:
            self._stop_loop()
            message = f"Port {self.port} on {self.host} is taken. Choose another port for the mail catcher."
            raise AlertError(message) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._stop_loop()

    def letters(self) -> list[Path]:
        """Give the letters that have come, oldest first."""
        return sorted(self.folder.glob("[!.]*.eml"))

    async def _listen(self) -> None:
        factory: Callable[[], SMTP] = lambda: SMTP(_Folder(self.folder), enable_SMTPUTF8=True)  # noqa: E731
        self._server = await self._loop.create_server(factory, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            # From Python 3.12 this waits for every client to hang up; one that does not is left behind.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._server.wait_closed(), timeout=2)

    def _stop_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def serve_catcher(host: str, port: int, folder: Path) -> None:
    """Catch letters until the process is asked to stop.

    Raises:
        AlertError: the port is taken, or the folder cannot be made.
    """
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    with MailCatcher(folder, host=host, port=port):
        stop.wait()
