"""Running dbt inside this process, quietly, with everything that it writes outside the tree."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from narvaro.at_rest.filesystem import make_known
from narvaro.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_FAILED = frozenset({"error", "fail", "runtime error"})
# These speak of names and syntax only; every other message of the database may quote a value.
_SAFE_ERRORS = frozenset({"Binder Error", "Catalog Error", "Parser Error", "Compilation Error", "Out of Memory Error"})
# dbt's own wrappings, which say nothing about the cause.
_WRAPPINGS = frozenset({"Runtime Error", "Database Error"})
_COUNT = re.compile(r"Got \d+ results?, configured to (fail|warn) if [^\n]{1,20}")
_ERROR_NAME = re.compile(r"\b([A-Z][A-Za-z]+(?: [A-Za-z]+){0,3} Error)\b")
_DISK_FULL = "the disk is full"
_SHOWN = 20
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class NodeResult:
    """What became of one model or test; the message holds no data."""

    name: str
    kind: str
    status: str
    seconds: float
    message: str = ""


def run_dbt(
    command: Sequence[str], *, project_dir: Path, work_dir: Path, env: Mapping[str, str]
) -> tuple[NodeResult, ...]:
    """Run one dbt command and give its nodes; `work_dir` takes all that dbt writes.

    Raises:
        BuildError: a node failed, or dbt could not start.
    """
    arguments = [
        *("--no-version-check", "--no-use-colors", "--no-send-anonymous-usage-stats", "--no-print", "--quiet"),
        *("--log-level", "none", "--log-level-file", "none"),
        *command,
        *("--project-dir", str(project_dir), "--profiles-dir", str(project_dir)),
        *("--target-path", str(work_dir / "target"), "--log-path", str(work_dir / "logs")),
    ]
    _make_private(work_dir)
    make_known()
    with _environment(env):
        # Importing dbt takes seconds: only a build pays.
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager
        from dbt.cli.main import dbtRunner

        try:
            outcome = dbtRunner().invoke(arguments)
        finally:
            # dbt keeps the file open until the process ends unless told otherwise.
            DuckDBConnectionManager.close_all_connections()
    nodes = tuple(_node(result) for result in getattr(outcome.result, "results", ()))
    failed = [node for node in nodes if node.status in _FAILED]
    if failed:
        raise BuildError(_failure_text(failed))
    if not outcome.success:
        message = f"dbt did not run: {_safe(str(outcome.exception))}. Run `make check`, which parses the project."
        raise BuildError(message)
    return nodes


def _make_private(work_dir: Path) -> None:
    """Keep others out of what dbt writes: of a failure it may quote a row."""
    work_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    work_dir.chmod(0o700)


@contextmanager
def _environment(env: Mapping[str, str]) -> Iterator[None]:
    """Set variables for a while: dbt's profile reads nothing else."""
    added = {**env, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"}
    before = {name: os.environ.get(name) for name in added}
    os.environ.update(added)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _node(result: Any) -> NodeResult:  # noqa: ANN401 - dbt ships no types
    """Read one of dbt's results; a unit test's rows are invented and may be shown."""
    status, kind = str(result.status), str(result.node.resource_type)
    message = "" if status in {"success", "pass"} else result.message or ""
    return NodeResult(
        name=result.node.name,
        kind=kind,
        status=status,
        seconds=float(result.execution_time),
        message=message if kind == "unit_test" else _safe(message) if message else "",
    )


def _safe(message: str) -> str:
    """Keep of a message what cannot hold data: counts, and errors of names and syntax."""
    if "No space left on device" in message:
        return _DISK_FULL
    if counted := _COUNT.search(message):
        return counted.group()
    names = [name for name in _ERROR_NAME.findall(message) if name not in _WRAPPINGS]
    if not names:
        return "an error whose text may hold data"
    if names[0] in _SAFE_ERRORS:
        return " ".join(message.split())[:_LONGEST]
    return str(names[0])


def _failure_text(failed: Sequence[NodeResult]) -> str:
    """Name what failed and what to do."""
    lines = [f"  {node.kind} {node.name}: {node.message}" for node in failed[:_SHOWN]]
    if len(failed) > _SHOWN:
        lines.append(f"  and {len(failed) - _SHOWN} more")
    heading = f"{len(failed)} dbt node(s) failed; the last good warehouse stands."
    remedy = "Each test's file in dbt/tests says what it means and what to do. Mend, then: narvaro build."
    if any(node.message == _DISK_FULL for node in failed):
        remedy = "Free some space, then: narvaro build."
    return "\n".join([heading, *lines, remedy])
