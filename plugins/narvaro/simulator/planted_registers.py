"""Faults planted in the registers that were taken: what teachers, guests and systems write by mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from narvaro.simulator.tables import NEVER, Activities, Bool, Int64, Lessons

if TYPE_CHECKING:
    from narvaro.simulator.faults import Fault
    from narvaro.simulator.planting import Planting

_TOO_MUCH = 30
_AN_HOUR = 3600
_WHOLE_CLASS = 12

Rows = dict[str, Any]


def plant_in_registers(rows: Rows, lessons: Lessons, activities: Activities, planting: Planting) -> Rows:
    """Give the rows of all registers with the planted faults in them; registers taken days later are left alone."""
    unit, day = activities.unit[lessons.activity][rows["lesson"]], lessons.day[rows["lesson"]].astype(np.int64)
    length = lessons.minutes()[rows["lesson"]]
    is_in_time = rows["reported_at"] == rows["created_at"]
    for fault, place in planting.faults_of("no_absence_for_weeks"):
        _set(rows, (unit == place) & (day >= planting.first_day(fault)), attended=length)
    for fault, place in planting.faults_of("whole_class_absent"):
        of_week = (unit == place) & planting.is_in_week(fault, day) & is_in_time
        _set(rows, np.isin(rows["lesson"], _large_lessons(rows, of_week, fault.rows)), valid=length)
    for fault, place in planting.faults_of("minutes_beyond_lesson"):
        is_fit = (unit == place) & planting.is_in_week(fault, day) & is_in_time
        _set(rows, _first(is_fit, fault), valid=length + _TOO_MUCH)
    for fault, place in planting.faults_of("half_registers"):
        _set(rows, (unit == place) & planting.is_in_week(fault, day), attended=length // 2)
    for fault, place in planting.faults_of("attendance_outside_enrolment"):
        is_fit = (unit == place) & planting.is_in_week(fault, day) & is_in_time
        _replace_people(rows, _first(is_fit, fault), planting, place)
    for fault, place in planting.faults_of("doubled_registers"):
        rows = _doubled(rows, _first((unit == place) & planting.is_in_week(fault, day) & is_in_time, fault))
        unit, day = (np.r_[column, np.full(len(rows["lesson"]) - len(column), -1)] for column in (unit, day))
        is_in_time = np.r_[is_in_time, np.zeros(len(rows["lesson"]) - len(is_in_time), np.bool_)]
    return rows


def _set(rows: Rows, chosen: Bool, **minutes: Int64) -> None:
    """Let chosen rows tell these minutes and no others."""
    for name in ("attended", "valid", "invalid", "other"):
        rows[name][chosen] = minutes[name][chosen].astype(np.int16) if name in minutes else 0
    rows["reason"][chosen] = 0


def _first(is_fit: Bool, fault: Fault) -> Bool:
    """Choose the first few rows."""
    return is_fit & (np.cumsum(is_fit) <= fault.rows)


def _large_lessons(rows: Rows, is_fit: Bool, count: int) -> Int64:
    """Give the first few lessons with a whole class in the register."""
    lesson, size = np.unique(rows["lesson"][is_fit & (rows["reported_at"] != NEVER)], return_counts=True)
    return lesson[size > _WHOLE_CLASS][:count]


def _replace_people(rows: Rows, chosen: Bool, planting: Planting, unit: int) -> None:
    """Put people of the source's other units into the registers of one."""
    enrolments, source = planting.enrolments, planting.units.source
    is_near = source[enrolments.unit] == source[unit]
    people = np.setdiff1d(enrolments.person[is_near], enrolments.person[enrolments.unit == unit])
    places = np.flatnonzero(chosen)
    rows["person"][places] = people[np.arange(len(places)) % len(people)] if len(people) else rows["person"][places]


def _doubled(rows: Rows, chosen: Bool) -> Rows:
    """Write rows once more, an hour later."""
    second = {name: column[chosen].copy() for name, column in rows.items()}
    second["created_at"] += _AN_HOUR
    second["reported_at"] += _AN_HOUR
    return {name: np.concatenate([column, second[name]]) for name, column in rows.items()}
