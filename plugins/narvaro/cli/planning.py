"""The command that tells how a source will be read, and why so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from narvaro.cli.screen import errors_as_exit_codes, show
from narvaro.orchestration.line import Line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from narvaro.sources import NightPlan, Reading


def show_plan(
    source: Annotated[str, typer.Argument(help="Name of the source, e.g. 0180-stockholm.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,  # noqa: FBT002
) -> None:
    """Show how each list of a source will be read in its next night; asks nobody but the ledger."""
    with errors_as_exit_codes():
        plan = _next_plan(Line.open(), source)
    show(list(_rows(plan)), title=f"The next night of {source}", as_json=as_json)


def _next_plan(line: Line, source_name: str) -> NightPlan:
    """Give the plan of the newest night, or of the one after it where that has been accepted."""
    from narvaro.sources import plan_night

    night = line.county.night_of(datetime.now(UTC))
    record = line.ledger.night(source_name, night)
    if record is not None and record.status == "accepted":
        night += timedelta(days=1)
    known = line.ledger.capabilities(source_name)
    return plan_night(
        line.county.source(source_name),
        known.capabilities if known else None,
        line.ledger.cursors(source_name),
        line.ledger.reads(source_name),
        line.county.night_bound_at(night),
        night,
    )


def _rows(plan: NightPlan) -> Iterator[dict[str, Any]]:
    """Give a row per list, and one for the control totals."""
    for path, reading in plan.readings.items():
        yield {"list": path, "read": _how(reading), "since": reading.after, "why": plan.reasons.get(path)}
    if plan.control_span is not None:
        first, last = plan.control_span
        yield {"list": "/aggregatedAttendance", "read": f"sums {first} to {last}", "since": None, "why": None}


def _how(reading: Reading) -> str:
    """Say how a list is read."""
    by_change = "by time of change" if reading.after else "from the beginning"
    by_day = "by the days of lessons" if reading.after else "through the lessons"
    return {"cursor": by_change, "full": "whole", "window": by_day}[reading.mode]
