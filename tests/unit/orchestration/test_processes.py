"""The demo's processes: a death is told, nothing is left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import psutil
import pytest

from narvaro.errors import SettingsError
from narvaro.orchestration.processes import ProcessDiedError, Processes, require_free_port

if TYPE_CHECKING:
    from pathlib import Path

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


def has_ended(pid: int) -> bool:
    """Tell whether a process is gone or only waits to be reaped; a killed one may need a moment."""
    try:
        process = psutil.Process(pid)
        return process.status() == psutil.STATUS_ZOMBIE or not psutil.wait_procs([process], timeout=10)[1]
    except psutil.NoSuchProcess:
        return True


def test_taken_port_names_the_variable_that_moves_it():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SettingsError, match="NARVARO_REPORT_PORT"):
            require_free_port(taken.getsockname()[1], variable="NARVARO_REPORT_PORT", purpose="the report page")


def test_death_of_a_process_shows_the_end_of_its_log(tmp_path: Path):
    command = [sys.executable, "-c", "print('out of sheep'); raise SystemExit(3)"]
    with Processes(tmp_path / "run", tmp_path / "logs") as processes:
        processes.start("shepherd", command, os.environ)
        with pytest.raises(ProcessDiedError, match=r"(?s)shepherd ended with exit code 3.*out of sheep"):
            processes.wait_until(lambda: False, what="the flock", timeout_seconds=30)


def test_leaving_ends_children_and_grandchildren(tmp_path: Path):
    parent = f"import subprocess, time; print(subprocess.Popen({SLEEPER!r}).pid, flush=True); time.sleep(600)"
    with Processes(tmp_path / "run", tmp_path / "logs") as processes:
        processes.start("parent", [sys.executable, "-c", parent], os.environ)
        log = tmp_path / "logs" / "parent.log"
        processes.wait_until(lambda: log.read_text().strip().isdigit(), what="the child", timeout_seconds=30)
        grandchild = int(log.read_text())
        assert psutil.pid_exists(grandchild)
    assert has_ended(grandchild)


def test_start_after_a_kill_ends_what_was_left(tmp_path: Path):
    script = textwrap.dedent(f"""
        import os, pathlib, time
        from narvaro.orchestration.processes import Processes
        with Processes(pathlib.Path({str(tmp_path / "run")!r}), pathlib.Path({str(tmp_path / "logs")!r})) as processes:
            processes.start("sleeper", {SLEEPER!r}, os.environ)
            print(processes._children["sleeper"].pid, flush=True)
            time.sleep(600)
    """)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        left = int(killed.stdout.readline())
        killed.send_signal(signal.SIGKILL)
    assert psutil.pid_exists(left)
    with Processes(tmp_path / "run", tmp_path / "logs"):
        assert has_ended(left)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_to_the_parent_ends_its_children(tmp_path: Path, number: signal.Signals):
    script = textwrap.dedent(f"""
        import os, pathlib, signal, time
        from narvaro.orchestration.processes import Processes
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell's background job is started
        with Processes(pathlib.Path({str(tmp_path / "run")!r}), pathlib.Path({str(tmp_path / "logs")!r})) as processes:
            processes.start("sleeper", {SLEEPER!r}, os.environ)
            print(processes._children["sleeper"].pid, flush=True)
            time.sleep(600)
    """)
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.send_signal(number)
        parent.wait(timeout=30)
    assert has_ended(child)
