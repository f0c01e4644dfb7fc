"""Timetables: each stage's week of lessons, laid out for every class and school day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from narvaro.simulator.calendar import day_number, midnights
from narvaro.simulator.randomness import generator
from narvaro.simulator.record_rows import GROUPS_PER_CLASS
from narvaro.simulator.subjects import CLASS, CLASS_AND_FIRST, FIRST, NO_SUBJECT, SECOND, WEEKS
from narvaro.simulator.tables import (
    ACTIVITY_TYPES,
    NEVER,
    Activities,
    Bool,
    Classes,
    Groups,
    Int64,
    Lessons,
    Units,
)

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from narvaro.domain.school_calendar import SchoolCalendar
    from narvaro.simulator.config import SimulatorConfig

_TEACHING, _PUPIL_ACTIVITY, _OTHER, _STAFF = range(len(ACTIVITY_TYPES))
_SCHOOL_WEEK = 5
_FIRST_LESSON, _BREAK, _LUNCH = 8 * 60 + 15, 10, 40
_LESSONS_BEFORE_LUNCH = 3
_CONFERENCE_WEEKDAY, _CONFERENCE_START, _CONFERENCE_MINUTES = 3, 15 * 60 + 30, 90


@dataclass(frozen=True, slots=True)
class StageActivity:
    """An activity that every class of a stage has."""

    kind: int
    subject: int
    groups: int


@dataclass(frozen=True, slots=True)
class Slot:
    """One hour of a stage's week; `activity` is its place among the stage's activities."""

    activity: int
    weekday: int
    start: int
    minutes: int
    teaching_minutes: int
    is_first: bool


@cache
def stage_week(stage: int) -> tuple[tuple[StageActivity, ...], tuple[Slot, ...]]:
    """Lay out a stage's week: lessons dealt to five days, lunch after the third."""
    activities: list[StageActivity] = []
    lessons: list[tuple[list[int], int, int]] = []
    for plan in WEEKS[stage]:
        kind = _PUPIL_ACTIVITY if plan.subject is None else _TEACHING
        places = [len(activities)]
        activities.append(StageActivity(kind, plan.subject_index, plan.groups))
        if plan.parallel is not None:
            places.append(len(activities))
            activities.append(StageActivity(_TEACHING, plan.parallel_index, SECOND))
        lessons += [(places, plan.minutes, plan.teaching_minutes or -1)] * plan.lessons
    lunch = len(activities)
    activities.append(StageActivity(_OTHER, NO_SUBJECT, CLASS))
    days: list[list[tuple[list[int], int, int]]] = [[] for _ in range(_SCHOOL_WEEK)]
    order = generator(stage, "timetable").permutation(len(lessons))
    for index, day in zip(order.tolist(), cycle(days), strict=False):
        day.append(lessons[index])
    slots: list[Slot] = []
    for weekday, day in enumerate(days):
        start = _FIRST_LESSON
        for number, (places, minutes, teaching_minutes) in enumerate(day):
            if number == _LESSONS_BEFORE_LUNCH:
                slots.append(Slot(lunch, weekday, start, _LUNCH, -1, is_first=False))
                start += _LUNCH + _BREAK
            slots += [Slot(place, weekday, start, minutes, teaching_minutes, number == 0) for place in places]
            start += minutes + _BREAK
    return tuple(activities), tuple(slots)


def draw_groups(units: Units, classes: Classes) -> Groups:
    """Give three groups per class and one of the staff per unit."""
    class_count, unit_count = len(classes.unit), len(units.code)
    unit = np.r_[np.repeat(classes.unit, GROUPS_PER_CLASS), np.arange(unit_count)].astype(np.int32)
    kind = np.r_[np.tile([0, 1, 1], class_count), np.full(unit_count, 2)].astype(np.int8)
    names = [f"{name}{suffix}" for name in classes.name for suffix in ("", " grupp 1", " grupp 2")]
    return Groups(unit, kind, (*names, *["Personal"] * unit_count))


def draw_activities(units: Units, classes: Classes) -> tuple[Activities, Int64]:
    """Give every class its activities, then every unit its staff meeting; and each class's first activity."""
    counts = np.array([len(stage_week(stage)[0]) for stage in range(len(WEEKS))])
    starts = np.r_[0, np.cumsum(counts[classes.stage])]
    table = [(a.kind, a.subject, a.groups) for stage in range(len(WEEKS)) for a in stage_week(stage)[0]]
    offsets = np.r_[0, np.cumsum(counts)]
    owner = np.repeat(np.arange(len(classes.unit)), counts[classes.stage])
    local = np.arange(len(owner)) - starts[owner]
    kind, subject, groups = np.array(table)[offsets[classes.stage[owner]] + local].T.reshape(3, -1)
    base = owner * GROUPS_PER_CLASS
    first = base + np.where(groups == CLASS_AND_FIRST, CLASS, groups)
    second = np.where(groups == CLASS_AND_FIRST, base + FIRST, -1)
    unit_count = len(units.code)
    staff = len(classes.unit) * GROUPS_PER_CLASS + np.arange(unit_count)
    activities = Activities(
        unit=np.r_[classes.unit[owner], np.arange(unit_count)].astype(np.int32),
        kind=np.r_[kind, np.full(unit_count, _STAFF)].astype(np.int8),
        subject=np.r_[subject, np.full(unit_count, NO_SUBJECT)].astype(np.int16),
        first_group=np.r_[first, staff].astype(np.int32),
        second_group=np.r_[second, np.full(unit_count, -1)].astype(np.int32),
    )
    return activities, starts


@dataclass(frozen=True, slots=True)
class SchoolDays:
    """The simulated days: local midnights, and which are school days of which unit."""

    first: int
    midnight: Int64
    is_school_day: Bool


def school_days(is_school_day: Bool, config: SimulatorConfig, timezone: ZoneInfo) -> SchoolDays:
    """Give the days of the simulated weeks, the week of the second night included."""
    return SchoolDays(
        day_number(config.start_date), midnights(config.start_date, is_school_day.shape[1], timezone), is_school_day
    )


def draw_lessons(
    units: Units, classes: Classes, activity_starts: Int64, days: SchoolDays, *, opened_at: int
) -> Lessons:
    """Hold every class's week in every simulated week, and every unit's staff meeting."""
    weeks = len(days.midnight) // 7
    parts = [
        _stage_lessons(np.flatnonzero(classes.stage == stage), stage, classes, activity_starts, weeks)
        for stage in range(len(WEEKS))
    ]
    parts.append(_staff_meetings(len(units.code), int(activity_starts[-1]), weeks))
    unit, activity, day, start, minutes, teaching, is_first = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    is_held = days.is_school_day[unit, day]
    order = np.flatnonzero(is_held)
    order = order[np.lexsort((start[order], day[order], unit[order]))]
    started_at = days.midnight[day[order]] + start[order] * 60
    size = len(order)
    return Lessons(
        source=units.source[unit[order]],
        activity=activity[order].astype(np.int32),
        day=(days.first + day[order]).astype(np.int32),
        started_at=started_at,
        ended_at=started_at + minutes[order] * 60,
        teaching_minutes=teaching[order].astype(np.int16),
        is_first=is_first[order].astype(np.bool_),
        created_at=np.full(size, opened_at, np.int64),
        cancelled_at=np.full(size, NEVER, np.int64),
        deleted_at=np.full(size, NEVER, np.int64),
    )


def _stage_lessons(
    chosen: Int64, stage: int, classes: Classes, activity_starts: Int64, weeks: int
) -> tuple[Int64, ...]:
    """Give the columns of a stage's lessons; each class has its own first weekday and start of day."""
    slots = np.array(
        [(s.activity, s.weekday, s.start, s.minutes, s.teaching_minutes, s.is_first) for s in stage_week(stage)[1]]
    )
    school_class = np.repeat(chosen, weeks * len(slots))
    week = np.tile(np.repeat(np.arange(weeks), len(slots)), len(chosen))
    activity, weekday, start, minutes, teaching, is_first = np.tile(slots, (weeks * len(chosen), 1)).T
    day = week * 7 + (weekday + school_class) % _SCHOOL_WEEK
    return (
        classes.unit[school_class].astype(np.int64),
        activity_starts[school_class] + activity,
        day,
        start + school_class % 4 * 5,
        minutes,
        teaching,
        is_first,
    )


def _staff_meetings(unit_count: int, first_activity: int, weeks: int) -> tuple[Int64, ...]:
    """Give the columns of the weekly staff meetings."""
    unit = np.repeat(np.arange(unit_count), weeks)
    size = len(unit)
    day = np.tile(np.arange(weeks), unit_count) * 7 + _CONFERENCE_WEEKDAY
    return (
        unit,
        first_activity + unit,
        day,
        np.full(size, _CONFERENCE_START),
        np.full(size, _CONFERENCE_MINUTES),
        np.full(size, -1),
        np.zeros(size, np.int64),
    )


def unit_school_days(units: Units, calendar: SchoolCalendar, first: date, count: int) -> Bool:
    """Tell for every unit and simulated day whether pupils are expected."""
    codes, place = np.unique(np.array(units.municipality_code, dtype=str), return_inverse=True)
    dates = [first + timedelta(days=offset) for offset in range(count)]
    held = [[calendar.is_school_day(day, str(code)) for day in dates] for code in codes]
    return np.array(held, np.bool_).reshape(len(codes), count)[place]
