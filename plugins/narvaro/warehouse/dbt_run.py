"""Running dbt inside this process, quietly, with everything that it writes outside the tree."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from narvaro.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_FAILED = frozenset({"error", "fail", "runtime error"})
# These speak of names and syntax only; every other message of the database may quote a value.
_SAFE_ERRORS = ("Binder Error", "Catalog Error", "Parser Error", "Compilation Error", "Out of Memory Error")
_COUNT = re.compile(r"Got \d+ results?, configured to (fail|warn) if [^\n]{1,20}")
_ERROR_NAME = re.compile(r"\b([A-Z][A-Za-z]+(?: [A-Za-z]+){0,3} Error)\b")
_SHOWN = 20


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
    with _environment(env):
        # Importing dbt takes seconds: only a build pays.
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager  # noqa: PLC0415
        from dbt.cli.main import dbtRunner  # noqa: PLC0415

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
    """Read one of dbt's results."""
    status = str(result.status)
    return NodeResult(
        name=result.node.name,
        kind=str(result.node.resource_type),
        status=status,
        seconds=float(result.execution_time),
        message="" if status in {"success", "pass"} else _safe(result.message or ""),
    )


def _safe(message: str) -> str:
    """Keep of a message what cannot hold data: counts, and errors of names and syntax."""
    if counted := _COUNT.search(message):
        return counted.group()
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    if any(name in message for name in _SAFE_ERRORS):
        return " ".join(lines)[:500]
    found = _ERROR_NAME.search(message)
    return found.group() if found else "an error whose text may hold data"


def _failure_text(failed: Sequence[NodeResult]) -> str:
    """Name what failed and what to do."""
    lines = [f"  {node.kind} {node.name}: {node.message}" for node in failed[:_SHOWN]]
    if len(failed) > _SHOWN:
        lines.append(f"  and {len(failed) - _SHOWN} more")
    heading = f"{len(failed)} dbt node(s) failed; the last good warehouse stands."
    remedy = "Each test's file in dbt/tests says what it means and what to do. Mend, then: narvaro build."
    return "\n".join([heading, *lines, remedy])
