"""What stands beside the registers: absence reported in advance, and grades."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from narvaro.simulator.behaviour import AWAY_VALID, AWAY_VALID_AFTERNOON, Behaviour
from narvaro.simulator.calendar import day_number
from narvaro.simulator.randomness import generator
from narvaro.simulator.subjects import COURSES_READ, GRADED_SUBJECTS
from narvaro.simulator.tables import Bool, Enrolments, Float, Grades, Int64, Notices, Persons

if TYPE_CHECKING:
    from narvaro.simulator.timetable import SchoolDays

GRADE_VALUES = ("A", "B", "C", "D", "E", "F", "-")
_UPPER_EDGES = np.array([1.45, 0.95, 0.35, -0.15, -1.35, -2.3])
_NOTICE_SHARE, _LEAVE_SHARE = 0.8, 0.05


def draw_notices(
    persons: Persons,
    enrolments: Enrolments,
    human: Int64,
    behaviour: Behaviour,
    days: SchoolDays,
    *,
    seed: int,
    last: int,
) -> Notices:
    """Report most days of valid absence the same morning, and some as granted leave days before."""
    draws = generator(seed, "notices")
    span = behaviour.day_state.shape[1]
    day = days.first + np.arange(span)
    is_enrolled = (enrolments.start_day[:, None] <= day) & (day <= enrolments.end_day[:, None])
    state = behaviour.day_state[human[enrolments.person]]
    is_away = (state == AWAY_VALID) | (state == AWAY_VALID_AFTERNOON)
    is_away &= is_enrolled & days.is_school_day[enrolments.unit][:, :span] & (day <= last)
    is_away &= ~enrolments.is_cancelled[:, None]
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
        created_at=np.where(is_leave, morning - 5 * 86_400, morning)[order],
    )


def draw_grades(  # noqa: PLR0913 - what a grade rests on
    persons: Persons,
    enrolments: Enrolments,
    human: Int64,
    behaviour: Behaviour,
    *,
    seed: int,
    autumn_year: int,
    opened_at: int,
) -> Grades:
    """Grade last spring's subjects and courses; who is away more has lower grades."""
    draws = generator(seed, "grades")
    first = np.r_[True, enrolments.person[1:] != enrolments.person[:-1]]
    is_pupil = first & ~enrolments.is_cancelled & (enrolments.grade > 0)
    ability = draws.standard_normal(len(behaviour.skipping)) * 0.7 + 0.45 - 5.0 * behaviour.share_away()
    parts: list[tuple[Int64, Int64, Bool]] = []
    in_compulsory, in_gymnasium = enrolments.form == 0, enrolments.form == 1
    for chosen, subjects, is_final in (
        (in_compulsory & (enrolments.grade >= 7), GRADED_SUBJECTS, False),  # noqa: PLR2004
        (in_gymnasium & (enrolments.grade == 1), GRADED_SUBJECTS, True),
        (in_gymnasium & (enrolments.grade >= 2), COURSES_READ[0], True),  # noqa: PLR2004
        (in_gymnasium & (enrolments.grade >= 3), COURSES_READ[1], True),  # noqa: PLR2004
    ):
        rows = np.flatnonzero(chosen & is_pupil)
        size = len(rows) * len(subjects)
        parts.append((np.repeat(rows, len(subjects)), np.tile(subjects, len(rows)), np.full(size, is_final)))
    row, subject, is_final_row = (np.concatenate(column) for column in zip(*parts, strict=True))
    value = _graded(ability[human[enrolments.person[row]]] + draws.standard_normal(len(row)) * 0.55)
    day = np.full(len(row), day_number(date(autumn_year, 6, 10)))
    changed = np.flatnonzero((draws.random(len(row)) < 0.004) & (value > 0))
    row, subject, is_final_row = (np.r_[column, column[changed]] for column in (row, subject, is_final_row))
    value, day = np.r_[value, value[changed] - 1], np.r_[day, day[changed] + 75]
    is_changed = np.arange(len(row)) >= len(row) - len(changed)
    person = enrolments.person[row]
    order = np.argsort(persons.source[person], kind="stable")
    return Grades(
        source=persons.source[person][order],
        person=person[order],
        unit=enrolments.unit[row][order],
        subject=subject[order].astype(np.int16),
        value=value[order].astype(np.int8),
        day=day[order].astype(np.int32),
        is_final=is_final_row[order],
        is_changed=is_changed[order],
        created_at=np.where(is_changed, opened_at + 20 * 86_400, opened_at)[order],
    )


def _graded(latent: Float) -> Int64:
    """Turn what a pupil can into a grade's place in GRADE_VALUES."""
    return np.searchsorted(-_UPPER_EDGES, -latent).astype(np.int64)
