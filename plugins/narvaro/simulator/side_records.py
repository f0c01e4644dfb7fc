"""What stands beside the registers: absence reported in advance, and grades."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from narvaro.simulator.behaviour import AWAY_VALID, AWAY_VALID_AFTERNOON, Behaviour
from narvaro.simulator.calendar import DAY_SECONDS, day_number
from narvaro.simulator.randomness import generator
from narvaro.simulator.subjects import COURSES_READ, GRADED_SUBJECTS
from narvaro.simulator.tables import FORMS, Bool, Enrolments, Float, Grades, Int64, Notices, Persons

if TYPE_CHECKING:
    from narvaro.simulator.timetable import SchoolDays

GRADE_VALUES = ("A", "B", "C", "D", "E", "F", "-", "7")
# Of no scale: planted only.
UNKNOWN_VALUE = 7
_UPPER_EDGES = np.array([1.45, 0.95, 0.35, -0.15, -1.35, -2.3])
# Form, lowest and highest grade now, what they were graded in last spring, and whether for good.
_GRADED_LAST_SPRING = (
    ("GR", 7, 9, GRADED_SUBJECTS, False),
    ("GY", 1, 1, GRADED_SUBJECTS, True),
    ("GY", 2, 3, COURSES_READ[0], True),
    ("GY", 3, 3, COURSES_READ[1], True),
)
_CHANGED_AFTER_DAYS = 75
_NOTICE_SHARE, _LEAVE_SHARE, _CHANGED_SHARE = 0.8, 0.05, 0.004


@dataclass(frozen=True, slots=True)
class Rolls:
    """The pupils' records beside the human beings behind them and what these do."""

    persons: Persons
    enrolments: Enrolments
    human: Int64
    behaviour: Behaviour


def draw_notices(rolls: Rolls, days: SchoolDays, *, seed: int, last: int) -> Notices:
    """Report most days of valid absence the same morning, and some as granted leave days before."""
    draws = generator(seed, "notices")
    persons, enrolments = rolls.persons, rolls.enrolments
    is_away = _days_of_valid_absence(rolls, days, last)
    row, column = np.nonzero(is_away & (draws.random(is_away.shape, np.float32) < _NOTICE_SHARE))
    is_leave = draws.random(len(row)) < _LEAVE_SHARE
    midnight = days.midnight[column]
    morning = midnight + draws.integers(6 * 60, 8 * 60 + 30, len(row)) * 60
    person = enrolments.person[row]
    order = np.argsort(persons.source[person], kind="stable")
    return Notices(
        source=persons.source[person][order],
        person=person[order],
        unit=enrolments.unit[row][order],
        is_leave=is_leave[order],
        started_at=(midnight + 8 * 3600)[order],
        ended_at=(midnight + 17 * 3600)[order],
        created_at=np.where(is_leave, morning - 5 * DAY_SECONDS, morning)[order],
    )


def _days_of_valid_absence(rolls: Rolls, days: SchoolDays, last: int) -> Bool:
    """Tell for every enrolment and simulated day whether the pupil is away with a valid reason."""
    enrolments, state = rolls.enrolments, rolls.behaviour.day_state[rolls.human[rolls.enrolments.person]]
    day = days.first + np.arange(state.shape[1])
    is_away: Bool = (state == AWAY_VALID) | (state == AWAY_VALID_AFTERNOON)
    is_away &= (enrolments.start_day[:, None] <= day) & (day <= enrolments.end_day[:, None]) & (day <= last)
    return is_away & days.is_school_day[enrolments.unit] & ~enrolments.is_cancelled[:, None]


def draw_grades(rolls: Rolls, *, seed: int, autumn_year: int, opened_at: int) -> Grades:
    """Grade last spring's subjects and courses; who is away more has lower grades."""
    draws = generator(seed, "grades")
    persons, enrolments, behaviour = rolls.persons, rolls.enrolments, rolls.behaviour
    ability = draws.standard_normal(len(behaviour.skipping)) * 0.7 + 0.45 - 5.0 * behaviour.share_away()
    row, subject, is_final = _graded_subjects(enrolments)
    value = _graded(ability[rolls.human[enrolments.person[row]]] + draws.standard_normal(len(row)) * 0.55)
    changed = np.flatnonzero((draws.random(len(row)) < _CHANGED_SHARE) & (value > 0))
    is_changed = np.r_[np.zeros(len(row), np.bool_), np.ones(len(changed), np.bool_)]
    row, subject, is_final = (np.r_[column, column[changed]] for column in (row, subject, is_final))
    day = day_number(date(autumn_year, 6, 10)) + np.where(is_changed, _CHANGED_AFTER_DAYS, 0)
    person = enrolments.person[row]
    order = np.argsort(persons.source[person], kind="stable")
    return Grades(
        source=persons.source[person][order],
        person=person[order],
        unit=enrolments.unit[row][order],
        subject=subject[order].astype(np.int16),
        value=np.r_[value, value[changed] - 1][order].astype(np.int8),
        day=day[order].astype(np.int32),
        is_final=is_final[order],
        is_changed=is_changed[order],
        created_at=np.where(is_changed, opened_at + 20 * DAY_SECONDS, opened_at)[order],
    )


def _graded_subjects(enrolments: Enrolments) -> tuple[Int64, Int64, Bool]:
    """Give the enrolment, subject and finality of every grade set last spring."""
    is_first = np.r_[True, enrolments.person[1:] != enrolments.person[:-1]][: len(enrolments.person)]
    is_pupil = is_first & ~enrolments.is_cancelled
    parts: list[tuple[Int64, Int64, Bool]] = []
    for form, lowest, highest, subjects, is_final in _GRADED_LAST_SPRING:
        is_meant = (enrolments.form == FORMS.index(form)) & (enrolments.grade >= lowest) & (enrolments.grade <= highest)
        rows = np.flatnonzero(is_meant & is_pupil)
        size = len(rows) * len(subjects)
        parts.append((np.repeat(rows, len(subjects)), np.tile(subjects, len(rows)), np.full(size, is_final)))
    row, subject, is_final_row = (np.concatenate(column) for column in zip(*parts, strict=True))
    return row, subject, is_final_row


def _graded(latent: Float) -> Int64:
    """Turn what a pupil can into a grade's place in GRADE_VALUES."""
    return np.searchsorted(-_UPPER_EDGES, -latent).astype(np.int64)
