"""Received against expected: what stands of each unit's weeks, held against the source's own sums."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from narvaro.landing import WeekMinutes, week_minutes
from narvaro.ledger import FailureRecord, VerdictRecord
from narvaro.orchestration.standing_night import files_of, standing_beside

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from narvaro.ledger import LoadRecord
    from narvaro.orchestration.line import Line

SUITE = "control__attendances"
SHORT_PULL = "short_pull"
SURPLUS = "surplus_minutes"
# The sums are of the moment they are asked for, the rows end at the night's bound: later in the
# day, and for a night that is caught up on, the two rightly differ.
_LATEST = timedelta(hours=6)
# Sums of another kind than ours differ for ever; a whole read every night would not mend that.
_NOT_AGAIN_FOR = timedelta(days=7)
_ENTITY = "aggregated_attendances"
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Control:
    """What the comparison found: weeks with too few minutes, and weeks with too many."""

    verdict: VerdictRecord
    short: tuple[WeekMinutes, ...]
    surplus: tuple[WeekMinutes, ...]

    @property
    def is_refused(self) -> bool:
        """Whether the night is a short pull."""
        return self.verdict.status == "refused"

    def explain(self) -> str:
        """Say which units and weeks lack how much; counts, never values."""
        parts = [
            f"{week.school_unit_code or 'no unit'} {_week_name(week)}: {week.received} of {week.expected} minutes"
            for week in self.short[:_SHOWN]
        ]
        more = f" and {len(self.short) - _SHOWN} more" if len(self.short) > _SHOWN else ""
        advice = "If these sums are of another kind, set plan.control_weeks to 0 for the source"
        return f"a short pull: {', '.join(parts)}{more}. {advice}"


def hold_to_control(line: Line, source_name: str, night: date, loads: Sequence[LoadRecord]) -> Control | None:
    """Hold what would stand after a landed night against its control totals; None without any of that moment.

    Raises:
        LandingError: the landing folder cannot be written.
    """
    totals = next((load for load in loads if load.entity == _ENTITY and load.rows), None)
    if totals is None or _is_too_late(line, night, totals):
        return None
    tolerance = line.county.source(source_name).plan.control_tolerance
    with standing_beside(line, source_name, night, files_of(line, loads)) as rows:
        weeks = week_minutes(rows)
    short = tuple(week for week in weeks if week.missing > tolerance * week.expected)
    surplus = tuple(week for week in weeks if week.surplus > tolerance * week.expected)
    failures = (*_failures(SHORT_PULL, "critical", short), *_failures(SURPLUS, "warning", surplus))
    verdict = VerdictRecord(
        suite=SUITE,
        status="refused" if short else "passed",
        rows=totals.rows,
        load_id=totals.load_id,
        source=source_name,
        entity="attendances",
        night=night,
        failures=failures,
    )
    if short or surplus:
        _read_anew(line, source_name, night, rule=SHORT_PULL if short else SURPLUS)
    return Control(verdict, short, surplus)


def _is_too_late(line: Line, night: date, totals: LoadRecord) -> bool:
    """Tell whether the sums were asked for long after the night's bound, by the source's own clock."""
    return totals.server_date is not None and totals.server_date - line.county.night_bound_at(night) > _LATEST


def _read_anew(line: Line, source_name: str, night: date, *, rule: str) -> None:
    """Have the next night read lessons and registers whole, unless that was done lately and helped nothing."""
    reads = line.ledger.reads(source_name)
    for entity in ("lessons", "attendances"):
        known = reads.get((entity, "full"))
        was_lately = known is not None and known.last_night is not None and night - known.last_night < _NOT_AGAIN_FOR
        if rule == SHORT_PULL or not was_lately:
            line.ledger.mark_due(source_name, entity, "full", rule)


def _failures(rule: str, severity: str, weeks: Sequence[WeekMinutes]) -> tuple[FailureRecord, ...]:
    """Give one failure per school unit: `column` is its code, the ids its weeks, the count its minutes."""
    by_unit: dict[tuple[str, str], list[WeekMinutes]] = defaultdict(list)
    for week in weeks:
        by_unit[week.school_unit_code, week.school_unit_name].append(week)
    return tuple(
        FailureRecord(
            rule=rule,
            severity=severity,
            level="unit",
            count=sum(week.missing if rule == SHORT_PULL else week.surplus for week in members),
            column=code,
            record_ids=tuple(_week_name(week) for week in members),
            note_en=name,
            note_sv=name,
        )
        for (code, name), members in sorted(by_unit.items())
    )


def _week_name(week: WeekMinutes) -> str:
    """Give a week's ISO name, 2026-W38."""
    year, number, _ = week.start_date.isocalendar()
    return f"{year}-W{number:02d}"
