"""Start the demo's processes, notice when one dies, and leave none behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import psutil

from narvaro.errors import NarvaroError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

_GRACE_SECONDS = 4.0
_ENDED_BY_TERM = 128 + signal.SIGTERM


class ProcessDiedError(NarvaroError):
    """A process of the stack ended before its time."""

    exit_code = 10


@dataclass
class Processes:
    """Named child processes, each in its own session, with their output in `log_dir`.

    A file in `run_dir` remembers them, so that a start after a kill -9 first ends what was left.
    """

    run_dir: Path
    log_dir: Path
    _children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        # A service manager stops us with TERM, and a shell's background job ignores Ctrl-C: both must end the children.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(_ENDED_BY_TERM))
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self.run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.log_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._end_leftovers()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Start `command` under `name`; its output goes to `<log_dir>/<name>.log`."""
        with (self.log_dir / f"{name}.log").open("wb") as log:
            self._children[name] = subprocess.Popen(  # noqa: S603 - our own commands, no shell
                command,
                env=dict(env),
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._remember()

    def wait_until(self, is_ready: Callable[[], bool], *, what: str, timeout_seconds: float) -> None:
        """Ask `is_ready` until it says yes.

        Raises:
            ProcessDiedError: a process died meanwhile, or the time ran out.
        """
        deadline = time.monotonic() + timeout_seconds
        while not is_ready():
            self.check()
            if time.monotonic() > deadline:
                message = f"{what} was not ready after {timeout_seconds:.0f} s. Read the logs in {self.log_dir}."
                raise ProcessDiedError(message)
            time.sleep(0.2)

    def check(self) -> None:
        """Raise ProcessDiedError with the end of its log when a process has died."""
        for name, child in self._children.items():
            if child.poll() is not None:
                log = self.log_dir / f"{name}.log"
                tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-12:]
                message = "\n".join([f"{name} ended with exit code {child.returncode}; the end of {log}:", *tail])
                raise ProcessDiedError(message)

    def stop(self) -> None:
        """End every process group: TERM, then KILL; the last started first."""
        children = list(reversed(self._children.values()))
        for child in children:
            _signal_group(child.pid, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_SECONDS
        for child in children:
            with suppress(subprocess.TimeoutExpired):
                child.wait(timeout=max(0.1, deadline - time.monotonic()))
            # Grandchildren share the session: end those that outlived their parent.
            _signal_group(child.pid, signal.SIGKILL)
            child.wait()
        self._children.clear()
        self._memory.unlink(missing_ok=True)

    @property
    def _memory(self) -> Path:
        return self.run_dir / "processes.json"

    def _remember(self) -> None:
        known = {}
        for name, child in self._children.items():
            with suppress(psutil.NoSuchProcess):
                known[name] = {"pid": child.pid, "created": psutil.Process(child.pid).create_time()}
        beside = self._memory.with_suffix(".partial")
        beside.write_text(json.dumps(known), encoding="utf-8")
        beside.replace(self._memory)

    def _end_leftovers(self) -> None:
        """End the processes of a run that was itself killed; the start time tells ours from a reused pid."""
        if not self._memory.is_file():
            return
        for entry in json.loads(self._memory.read_text(encoding="utf-8")).values():
            with suppress(psutil.NoSuchProcess):
                if abs(psutil.Process(entry["pid"]).create_time() - entry["created"]) < 1:
                    _signal_group(entry["pid"], signal.SIGKILL)
        self._memory.unlink(missing_ok=True)


def _signal_group(pid: int, number: signal.Signals) -> None:
    """Signal the process group that `pid` leads; it is gone already when nothing is left of it."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def require_free_port(port: int, *, variable: str, purpose: str) -> None:
    """Raise SettingsError when something already listens on the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            message = f"Port {port} ({purpose}) is taken. Stop what listens there or set {variable} to a free port."
            raise SettingsError(message) from None


def is_port_open(port: int) -> bool:
    """Tell whether something accepts connections on the loopback port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def own_command(*arguments: str) -> list[str]:
    """Give the command that runs our own CLI in this environment."""
    return [sys.executable, "-m", "narvaro", *arguments]
