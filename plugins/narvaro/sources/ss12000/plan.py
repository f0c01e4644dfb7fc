"""Decides how one source is read this night: by time of change, by a window of days, or whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal, Protocol

from narvaro.county import Source
from narvaro.sources.progress import Reading
from narvaro.sources.ss12000.aggregated import AGGREGATED
from narvaro.sources.ss12000.known import Known
from narvaro.sources.ss12000.lists import ATTENDANCES, CHANGING, DELETED, GRADES, LESSONS, STANDING, Resource

# The lessons of a span of days with the registers inside them: not a path, but read like a list.
WINDOW = "/calendarEvents?expand=attendance"

_DAY, _WEEK = timedelta(days=1), timedelta(days=7)

Mode = Literal["cursor", "full", "window"]


class LastRead(Protocol):
    """When an entity was last read in some way, and why it must be so again (None: it need not)."""

    @property
    def last_night(self) -> date | None:
        """Give the night of that read."""

    @property
    def due_reason(self) -> str | None:
        """Give why it is due before its time."""


Reads = Mapping[tuple[str, str], LastRead]


@dataclass(frozen=True, slots=True)
class NightPlan:
    """How each list is read.

    `reads` are the (entity, kind) of the reads that are whole ("full") or of a window of days
    ("window"), to be noted once the night is accepted. What a full read no longer holds has been
    deleted; so have lessons and registers of the days of `window`, first and last included.
    `reasons` say why a list is not read by time of change.
    """

    readings: Mapping[str, Reading]
    reads: tuple[tuple[str, str], ...] = ()
    control_span: tuple[date, date] | None = None
    window: tuple[date, date] | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)


def plan_night(  # noqa: PLR0913, PLR0917 - each is a thing of its own that the plan rests on
    source: Source,
    capabilities: Mapping[str, Any] | None,
    cursors: Mapping[str, datetime | None],
    reads: Reads,
    until: datetime,
    night: date,
) -> NightPlan:
    """Give the plan of a source's night.

    Args:
        source: the source's entry in the county's configuration, with what it wants of the plan.
        capabilities: what the probe found (its `to_dict`), None before it has asked.
        cursors: the moment each entity has been read to.
        reads: the last whole ("full") and window reads by entity.
        until: the night's upper bound.
        night: the night.
    """
    planner = _Planner(source, Known.of(capabilities), cursors, reads, until, night)
    return planner.plan()


@dataclass(frozen=True, slots=True)
class _Planner:
    """What a night's plan rests on."""

    source: Source
    known: Known
    cursors: Mapping[str, datetime | None]
    reads: Reads
    until: datetime
    night: date

    def plan(self) -> NightPlan:
        """Put the plan together."""
        readings = {DELETED: Reading("cursor", self._after(("deletions",)))}
        full = [(entity, "full") for resource in STANDING for entity in resource.entities]
        reasons: dict[str, str] = {}
        for resource in CHANGING:
            mode, reason = self._mode(resource)
            after = self._after(resource.entities)
            is_whole = after is None or mode == "full" or self._is_due(resource.entities, "full")
            if mode == "window":
                readings[resource.path] = Reading("window")
                readings[WINDOW] = Reading("window", None if is_whole else self._window_start())
            elif mode == "full" or (is_whole and after is not None):
                readings[resource.path] = Reading("full")
            else:
                readings[resource.path] = Reading("cursor", after)
            if reason:
                reasons[resource.path] = reason
            if is_whole and self.known.is_usable(resource.path, by_window=mode == "window"):
                full += [(entity, "full") for entity in resource.entities]
        return self._with_window(readings, full, reasons)

    def _with_window(
        self, readings: dict[str, Reading], full: list[tuple[str, str]], reasons: dict[str, str]
    ) -> NightPlan:
        """Add the rolling window beside the cursor, and the control totals."""
        is_whole = (ATTENDANCES.entities[0], "full") in full
        if (
            WINDOW not in readings
            and not is_whole
            and self.source.plan.window_every_days
            and self.known.gives_registers_by_lesson is not False
            and self._is_due(ATTENDANCES.entities, "window")
        ):
            readings[WINDOW] = Reading("window", self._window_start())
        window = None
        if WINDOW in readings or is_whole:
            full += [(entity, "window") for entity in ATTENDANCES.entities]
        if WINDOW in readings and (after := readings[WINDOW].after) is not None:
            full += [(entity, "window") for entity in LESSONS.entities]
            # Only days that lie in the span whole, in whatever time zone.
            window = ((after + 2 * _DAY).date(), (self.until - _DAY).date())
        return NightPlan(readings, tuple(full), self._control_span(), window, reasons)

    def _mode(self, resource: Resource) -> tuple[Mode, str]:
        """Give how a list is read by default, and why when it is not by time of change."""
        chosen = {
            ATTENDANCES.path: self.source.plan.attendances,
            LESSONS.path: self.source.plan.lessons,
            GRADES.path: self.source.plan.grades,
        }.get(resource.path, "auto")
        if chosen != "auto":
            return chosen, "" if chosen == "cursor" else "as the source is configured"
        reason = self.known.why_not_by_change(resource.path)
        if reason is None:
            return "cursor", ""
        if resource is ATTENDANCES and self.known.gives_registers_by_lesson:
            return "window", reason
        return "full", reason

    def _after(self, entities: Iterable[str]) -> datetime | None:
        """Give the moment to read from: the earliest cursor less the overlap, None when one has none."""
        moments = [self.cursors.get(entity) for entity in entities]
        known = [moment for moment in moments if moment is not None]
        overlap = max(timedelta(minutes=self.source.overlap_minutes), self.known.least_overlap)
        return min(known) - overlap if len(known) == len(moments) else None

    def _is_due(self, entities: Iterable[str], kind: str) -> bool:
        """Tell whether a kind of read is due: asked for, never done, or too long ago."""
        every_days = self.source.plan.full_every_days if kind == "full" else self.source.plan.window_every_days
        for entity in entities:
            last = self.reads.get((entity, kind))
            if last is not None and last.due_reason:
                return True
            if every_days and (last is None or last.last_night is None or self._is_old(last.last_night, every_days)):
                return True
        return False

    def _is_old(self, night: date, days: int) -> bool:
        """Tell whether a night is as many days ago."""
        return (self.night - night).days >= days

    def _window_start(self) -> datetime:
        """Give where the window of days begins."""
        return self.until - timedelta(days=self.source.plan.window_days)

    def _control_span(self) -> tuple[date, date] | None:
        """Give the first and last day of the newest weeks; the running one is asked for up to the night."""
        weeks = self.source.plan.control_weeks
        if weeks == 0 or not self.known.is_usable(AGGREGATED):
            return None
        yesterday = self.night - _DAY
        return yesterday - timedelta(days=yesterday.weekday()) - (weeks - 1) * _WEEK, yesterday
