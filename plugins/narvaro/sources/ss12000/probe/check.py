"""A check: one thing that we rest on, whether a server does it, and what to do when it does not."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Outcome = Literal["pass", "warn", "fail", "skipped"]
# critical: figures would be wrong, or nothing could be read. warning: we manage, at a cost.
Severity = Literal["critical", "warning"]
MARKS: dict[Outcome, str] = {"fail": "✗", "warn": "!", "skipped": "·", "pass": "✓"}


@dataclass(frozen=True, slots=True)
class Check:
    """One check's outcome; `seen` speaks of behaviour and never holds a value of anybody's data."""

    check_id: str
    severity: Severity
    outcome: Outcome
    seen: str
    todo: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain JSON values."""
        return asdict(self)


def critical(check_id: str, is_met: object, seen: str, todo: str) -> Check:
    """Give a check that fails when it is not met; None: it could not be tried."""
    return _judged(check_id, "critical", is_met, seen, todo)


def warning(check_id: str, is_met: object, seen: str, todo: str) -> Check:
    """Give a check that warns when it is not met; None: it could not be tried."""
    return _judged(check_id, "warning", is_met, seen, todo)


def _judged(check_id: str, severity: Severity, is_met: object, seen: str, todo: str) -> Check:
    """Give a check."""
    if is_met is None:
        return Check(check_id, severity, "skipped", seen)
    if is_met:
        return Check(check_id, severity, "pass", seen)
    return Check(check_id, severity, "fail" if severity == "critical" else "warn", seen, todo)
