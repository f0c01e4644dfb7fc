"""How pupils are away: illness by day, skipped lessons, late arrivals, other school activity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from narvaro.simulator.randomness import generator
from narvaro.simulator.tables import Bool, Float, Int8, Int64

if TYPE_CHECKING:
    from narvaro.simulator.config import AbsenceModel
    from narvaro.simulator.pupils import Humans

PRESENT, AWAY_VALID, AWAY_VALID_AFTERNOON, AWAY_INVALID = range(4)

# How illness and skipping stand to the county's mean: grades 1-9, then upper secondary grades 1-3.
_ILLNESS_BY_GRADE = np.array([0.88, 0.86, 0.86, 0.88, 0.94, 1.0, 1.08, 1.14, 1.20, 0.95, 1.0, 1.05])
_SKIPPING_BY_GRADE = np.array([0.10, 0.10, 0.12, 0.18, 0.25, 0.45, 0.9, 1.3, 1.7, 1.8, 2.2, 2.6])
# Chance of a long absence (weeks), the state that Swedish reports call problematic absence.
_LONG_ABSENCE_BY_GRADE = np.array([2, 2, 3, 4, 6, 9, 15, 20, 26, 16, 18, 20]) / 1000
_FIRST_GYMNASIUM_COLUMN = 9
_AFTERNOON_SHARE = 0.12
_WEEKEND_STOPS = 5
_FRIDAY = 4
_LONG_ABSENCE_VALID, _SKIPPED_SINGLY, _LATE_EXCUSED = 0.5, 0.75, 0.25


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What each human does on each simulated day, and how often they skip or come late."""

    day_state: Int8
    skipping: Float
    lateness: Float

    def share_away(self) -> Float:
        """Give the share of days away, for the grades that follow from it."""
        weekdays = self.day_state[:, np.arange(self.day_state.shape[1]) % 7 < _WEEKEND_STOPS]
        share: Float = (weekdays != PRESENT).mean(axis=1) + self.skipping
        return share


def draw_behaviour(humans: Humans, model: AbsenceModel, *, days: int, seed: int) -> Behaviour:
    """Draw each human's days: spells of illness, long absences, days of truancy."""
    draws = generator(seed, "behaviour")
    column = humans.grade - 1 + humans.form.astype(np.int64) * _FIRST_GYMNASIUM_COLUMN
    is_girl, is_boy = humans.sex == 0, humans.sex == 1
    illness = humans.illness_factor * _ILLNESS_BY_GRADE[column] * np.where(is_girl, 1.06, 0.96)
    illness *= np.where(humans.is_independent, 0.95, 1.0)
    skipping = humans.skipping_factor * _SKIPPING_BY_GRADE[column] * np.where(is_boy, 1.12, 0.88)
    skipping *= np.where(humans.is_independent, np.where(humans.form == 1, 1.2, 0.8), 1.0)
    skipping = np.minimum(model.invalid_per_lesson * skipping, 0.6)
    state = _illness_days(draws, np.minimum(model.illness_spells_per_day * illness, 0.5), model, days)
    _add_long_absences(draws, state, _LONG_ABSENCE_BY_GRADE[column])
    truant_day = draws.random(state.shape, np.float32) < (skipping * 0.35)[:, None]
    state[(state == PRESENT) & truant_day] = AWAY_INVALID
    lateness = np.minimum(model.late_per_day * (0.4 + 0.6 * humans.skipping_factor), 0.5)
    return Behaviour(state, skipping, lateness)


def _illness_days(draws: np.random.Generator, chance: Float, model: AbsenceModel, days: int) -> Int8:
    """Walk through the days: a spell starts by chance and lasts some school days."""
    size = len(chance)
    state = np.zeros((size, days), np.int8)
    left = np.zeros(size, np.int64)
    for day in range(days):
        if day % 7 >= _WEEKEND_STOPS:
            continue
        is_starting = (left == 0) & (draws.random(size) < chance)
        left[is_starting] = draws.geometric(1 / model.illness_mean_days, int(is_starting.sum()))
        state[left > 0, day] = AWAY_VALID
        is_partial = is_starting & (draws.random(size) < _AFTERNOON_SHARE)
        state[is_partial, day] = AWAY_VALID_AFTERNOON
        left[left > 0] -= 1
    return state


def _add_long_absences(draws: np.random.Generator, state: Int8, chance: Float) -> None:
    """Keep a few humans away most days, half of them without valid reason."""
    chosen = np.flatnonzero(draws.random(len(chance)) < chance)
    share = draws.uniform(0.35, 0.95, len(chosen))
    kind = np.where(draws.random(len(chosen)) < _LONG_ABSENCE_VALID, AWAY_VALID, AWAY_INVALID).astype(np.int8)
    is_away = draws.random((len(chosen), state.shape[1])) < share[:, None]
    state[chosen] = np.where(is_away, kind[:, None], state[chosen])


@dataclass(frozen=True, slots=True)
class PupilLessons:
    """Pupils at lessons: who, on which simulated day, for how long, and at what time of the day."""

    human: Int64
    day: Int64
    length: Int64
    is_afternoon: Bool
    is_first: Bool


def minutes_away(
    behaviour: Behaviour, model: AbsenceModel, draws: np.random.Generator, at: PupilLessons
) -> tuple[Int64, Int64, Int64]:
    """Give valid absent, invalid absent and other school activity's minutes of pupil-lessons."""
    state, size, zero = behaviour.day_state[at.human, at.day], len(at.human), np.zeros(len(at.human), np.int64)
    is_ill = (state == AWAY_VALID) | ((state == AWAY_VALID_AFTERNOON) & at.is_afternoon)
    valid, invalid = np.where(is_ill, at.length, zero), np.where(state == AWAY_INVALID, at.length, zero)
    is_free = valid + invalid == 0
    # First lessons and Fridays are skipped more often.
    temptation = np.where(at.is_first, 1.5, 1.0) * np.where(at.day % 7 == _FRIDAY, 1.3, 1.0)
    skip = behaviour.skipping[at.human] * temptation * _SKIPPED_SINGLY
    appointment = skip + model.appointment_per_lesson
    luck = draws.random(size)
    invalid = np.where(is_free & (luck < skip), at.length, invalid)
    part = np.minimum(draws.integers(2, 10, size) * 5, at.length)
    valid = np.where(is_free & (luck >= skip) & (luck < appointment), part, valid)
    is_elsewhere = (luck >= appointment) & (luck < appointment + model.other_attendance_per_lesson)
    other = np.where(is_free & is_elsewhere, part, zero)
    may_be_late = is_free & (luck >= appointment + model.other_attendance_per_lesson) & at.is_first
    is_late = may_be_late & (draws.random(size) < behaviour.lateness[at.human])
    late = np.minimum(draws.integers(3, 26, size), at.length)
    is_excused = draws.random(size) < _LATE_EXCUSED
    valid = np.where(is_late & is_excused, late, valid)
    return valid, np.where(is_late & ~is_excused, late, invalid), other
