"""Steps of the night, or a command, in a process of their own, which may be killed on the way."""

from __future__ import annotations

import logging
import multiprocessing
import os
import pkgutil
import signal
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

STEPS = ("land", "build", "publish", "letters")
KILLED = -signal.SIGKILL
# The processes are forked from one that has read the slow libraries once and has no threads.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(
    ["great_expectations", "dbt.cli.main", "dbt.adapters.duckdb", "narvaro.orchestration.county_steps"]
)


@dataclass(frozen=True, slots=True)
class KillPoint:
    """Where a step is killed: just before or just after one of its own calls."""

    step: str
    when: Literal["before", "after", "crash"]
    call: str  # module:function or module:Class.method

    def __str__(self) -> str:
        return f"{self.step}-{self.when}-{self.call.rpartition(':')[2]}"


def run_steps(
    env: Mapping[str, str], night: date, steps: tuple[str, ...] = STEPS, *, kill_at: KillPoint | None = None
) -> int:
    """Run steps of a night in another process and give its exit code; what it prints goes to `output_path`."""
    return _exit_code(_run_steps, dict(env), night, steps, kill_at)


def run_command(env: Mapping[str, str], *arguments: str, kill_at: KillPoint | None = None) -> int:
    """Run `narvaro` with arguments in another process, as `run_steps` does; it logs all that it can."""
    return _exit_code(_run_command, dict(env), arguments, kill_at)


def run_function(env: Mapping[str, str], function: Callable[..., None], *arguments: object) -> int:
    """Run a function of a module beside the tests in another process, as `run_steps` does."""
    return _exit_code(_run_function, dict(env), function, arguments)


def _exit_code(target: Callable[..., None], *arguments: object) -> int:
    process = _PROCESSES.Process(target=target, args=arguments)
    process.start()
    process.join(timeout=120)
    if process.is_alive():
        process.kill()
        process.join()
    assert process.exitcode is not None
    return process.exitcode


def output_path(env: Mapping[str, str]) -> Path:
    """Give the file that takes whatever an installation's other processes print."""
    return Path(env["NARVARO_HOME"]).with_name(f"{Path(env['NARVARO_HOME']).name}.output")


def _run_steps(env: dict[str, str], night: date, steps: tuple[str, ...], kill_at: KillPoint | None) -> None:
    with _prepared(env, kill_at):
        for step in steps:
            _step(step, night)


def _run_command(env: dict[str, str], arguments: tuple[str, ...], kill_at: KillPoint | None) -> None:
    from narvaro.cli import app

    with _prepared(env, kill_at):
        logging.basicConfig(level=logging.DEBUG, force=True)
        sys.argv = ["narvaro", *arguments]
        app()


def _run_function(env: dict[str, str], function: Callable[..., None], arguments: tuple[object, ...]) -> None:
    with _prepared(env, None):
        function(*arguments)


def _step(step: str, night: date) -> None:
    """Run one step as the command line runs it, the sources one after another."""
    from narvaro.orchestration import county_steps, landing_steps
    from narvaro.orchestration.line import Line

    line = Line.open()
    if step == "land":
        for source in line.county.enabled_sources:
            _, error = landing_steps.land_and_judge(line, source.name, night)
            sys.stderr.write(f"{source.name}: {error}\n" if error else "")
    elif step == "build":
        county_steps.build(line, night)
        county_steps.check_marts(line, night)
    elif step == "publish":
        county_steps.publish(line, night)
    else:
        county_steps.send_letters(line, night)


@contextmanager
def _prepared(env: Mapping[str, str], kill_at: KillPoint | None) -> Iterator[None]:
    """Live in an installation's environment, print to its file and have the kill point armed."""
    os.environ.update(env)
    # Asked for before: the folder of the process that this one was forked from.
    tempfile.tempdir = None
    with output_path(env).open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    if kill_at is not None:
        _arm(kill_at)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _arm(point: KillPoint) -> None:
    """Have this process killed at the point, the hard way: nothing is flushed, no `finally` runs."""
    module, _, path = point.call.partition(":")
    holder_path, _, name = path.rpartition(".")
    holder = pkgutil.resolve_name(f"{module}:{holder_path}" if holder_path else module)
    setattr(holder, name, _lethal(getattr(holder, name), point.when))


def _lethal(function: Callable[..., Any], when: str) -> Callable[..., Any]:
    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if when == "crash":
            message = "nobody had thought of this"
            raise RuntimeError(message)
        if when == "after":
            function(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    return call
