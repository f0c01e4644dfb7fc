"""Writes a conformance report for people."""

from __future__ import annotations

from collections.abc import Iterator

from narvaro.sources.ss12000.probe.check import MARKS, Check, Outcome
from narvaro.sources.ss12000.probe.conformance import Report

_HEADINGS: dict[Outcome, str] = {
    "fail": "Must be mended",
    "warn": "Should be mended",
    "pass": "As it should be",
    "skipped": "Could not be tried",
}
_ORDER: tuple[Outcome, ...] = ("fail", "warn", "pass", "skipped")


def markdown(report: Report) -> str:
    """Write the report as Markdown: what must be mended first."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    """Give the report's lines."""
    counts = report.counts
    yield "# SS 12000: conformance report"
    yield ""
    yield f"Server: {report.url}  "
    yield f"Examined: {report.examined_at:%Y-%m-%d %H:%M} UTC, with {report.capabilities.requests} questions  "
    yield f"Verdict: **{'can be connected' if report.is_conforming else 'must be mended before it is connected'}**"
    yield ""
    yield ", ".join(f"{_HEADINGS[outcome].lower()}: {counts[outcome]}" for outcome in _ORDER)
    for outcome in _ORDER:
        if chosen := [check for check in report.checks if check.outcome == outcome]:
            yield from ("", f"## {_HEADINGS[outcome]}", "")
            yield from _table(chosen, has_todo=outcome in ("fail", "warn"))
    yield ""
    yield "No value of anybody's data is in this report: it speaks of behaviour and of names of fields only."


def _table(checks: list[Check], *, has_todo: bool) -> Iterator[str]:
    """Give a table of checks."""
    yield "| | check | seen |" + (" what to do |" if has_todo else "")
    yield "|---|---|---|" + ("---|" if has_todo else "")
    for check in checks:
        cells = [MARKS[check.outcome], f"`{check.check_id}`", check.seen, *([check.todo] if has_todo else [])]
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
