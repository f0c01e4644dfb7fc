"""Faults planted in timetables and in the taking of registers, before anybody is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from narvaro.simulator.calendar import DAY_SECONDS, date_of, day_number, midnights
from narvaro.simulator.randomness import generator
from narvaro.simulator.tables import NEVER, Activities, Bool, Enrolments, Int64, Lessons, Units

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from narvaro.simulator.config import SimulatorConfig
    from narvaro.simulator.faults import Fault

_FRIDAY, _SATURDAY = 4, 5
_LATE_EVENING = 22 * 3600 + 30 * 60
# 1970 began on a Thursday.
_FIRST_WEEKDAY = 3


@dataclass(frozen=True, slots=True)
class Planting:
    """Where the faults of a county's units lie: which unit, which days."""

    config: SimulatorConfig
    timezone: ZoneInfo
    sources: tuple[str, ...]
    units: Units
    enrolments: Enrolments

    def faults_of(self, *kinds: str) -> list[tuple[Fault, int]]:
        """Give the planted faults of some kinds, each with the place of its unit."""
        found = [(fault, self.unit_of(fault)) for kind in kinds for fault in self.config.faults_of(kind)]
        return [(fault, unit) for fault, unit in found if unit >= 0]

    def unit_of(self, fault: Fault) -> int:
        """Give the place of a fault's unit: the source's largest, or the next; -1 where there is none."""
        if fault.source not in self.sources:
            return -1
        size = np.bincount(self.enrolments.unit, minlength=len(self.units.code))
        of_source = np.flatnonzero(self.units.source == self.sources.index(fault.source))
        by_size = of_source[np.argsort(-size[of_source], kind="stable")]
        return int(by_size[fault.unit - 1]) if fault.unit <= len(by_size) else -1

    def first_day(self, fault: Fault) -> int:
        """Give the first day of a fault; without one, half of the weeks are sound."""
        return day_number(fault.from_date or self.config.start_date + timedelta(weeks=self.config.weeks // 2))

    def is_in_week(self, fault: Fault, day: Int64) -> Bool:
        """Tell which days lie in the school week of a fault's first day."""
        first = date_of(self.first_day(fault))
        monday = day_number(first - timedelta(days=first.weekday()))
        is_in: Bool = (monday <= day) & (day <= monday + _FRIDAY)
        return is_in


def plant_in_timetable(lessons: Lessons, activities: Activities, planting: Planting) -> Lessons:
    """Move lessons out of the school's days, and lose the lessons of a weekday."""
    unit, day = activities.unit[lessons.activity], lessons.day.astype(np.int64)
    shift = np.zeros(len(day), np.int64)
    days = np.zeros(len(day), np.int32)
    for fault, place in planting.faults_of("lesson_outside_day"):
        chosen = _first_lessons(fault, lessons, (unit == place) & planting.is_in_week(fault, day))
        shift[chosen] = _midnight(lessons, planting.timezone)[chosen] + _LATE_EVENING - lessons.started_at[chosen]
    for fault, place in planting.faults_of("lesson_on_free_day"):
        chosen = _first_lessons(fault, lessons, (unit == place) & planting.is_in_week(fault, day))
        days[chosen] = (_SATURDAY - _weekday(day[chosen])).astype(np.int32)
    moved = replace(
        lessons,
        day=lessons.day + days,
        started_at=lessons.started_at + shift + days.astype(np.int64) * DAY_SECONDS,
        ended_at=lessons.ended_at + shift + days.astype(np.int64) * DAY_SECONDS,
    )
    is_lost = np.zeros(len(day), np.bool_)
    for fault, place in planting.faults_of("lost_weekday"):
        is_lost |= (unit == place) & (_weekday(day) == fault.weekday) & (day >= planting.first_day(fault))
    return _without(moved, is_lost)


def unregistered(lessons: Lessons, activities: Activities, planting: Planting) -> Bool:
    """Tell whose register is never taken: planted by unit, by weekday, or in a share of the lessons."""
    unit, day = activities.unit[lessons.activity], lessons.day.astype(np.int64)
    draws = generator(planting.config.seed, "unregistered")
    luck = draws.random(len(day))
    is_without = np.zeros(len(day), np.bool_)
    for fault, place in planting.faults_of("missing_reports", "unreported_weekday", "reporting_jump"):
        is_meant = (unit == place) & (day >= planting.first_day(fault))
        if fault.until_date is not None:
            is_meant &= day <= day_number(fault.until_date)
        if fault.kind == "unreported_weekday":
            is_meant &= _weekday(day) == fault.weekday
        is_without |= is_meant & ((luck < fault.share) if fault.kind == "reporting_jump" else True)
    return is_without


def hide_lessons(lessons: Lessons, activities: Activities, planting: Planting) -> Lessons:
    """Let the source forget lessons whose registers it goes on to tell."""
    unit, day = activities.unit[lessons.activity], lessons.day.astype(np.int64)
    created_at = lessons.created_at.copy()
    for fault, place in planting.faults_of("lost_lessons"):
        chosen = _first_lessons(fault, lessons, (unit == place) & planting.is_in_week(fault, day))
        created_at[chosen] = NEVER
    return replace(lessons, created_at=created_at)


def _first_lessons(fault: Fault, lessons: Lessons, is_meant: Bool) -> Int64:
    """Give the first few lessons that a fault may befall: none that is cancelled."""
    return np.flatnonzero(is_meant & (lessons.cancelled_at == NEVER))[: fault.rows]


def _weekday(day: Int64) -> Int64:
    return (day + _FIRST_WEEKDAY) % 7


def _midnight(lessons: Lessons, timezone: ZoneInfo) -> Int64:
    """Give the local midnight of each lesson's day."""
    first: date = date_of(int(lessons.day.min(initial=0)))
    span = int(lessons.day.max(initial=0)) - day_number(first) + 1
    return midnights(first, span, timezone)[lessons.day - day_number(first)]


def _without(lessons: Lessons, is_lost: Bool) -> Lessons:
    """Give the lessons but for those that are lost."""
    if not is_lost.any():
        return lessons
    return Lessons(*(getattr(lessons, name)[~is_lost] for name in Lessons.__slots__))
