"""Registers: which lessons have one, when it was taken, and each pupil's minutes in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from narvaro.simulator.behaviour import Behaviour, PupilLessons, minutes_away
from narvaro.simulator.calendar import DAY_SECONDS, date_of, day_number, midnights, moment
from narvaro.simulator.randomness import generator
from narvaro.simulator.roster import expected_pairs
from narvaro.simulator.tables import (
    ACTIVITY_TYPES,
    COUNTING_TYPES,
    NEVER,
    Activities,
    Bool,
    Corrections,
    Int16,
    Int64,
    Lessons,
    Memberships,
    Registers,
)

if TYPE_CHECKING:
    from narvaro.simulator.config import SimulatorConfig

REASONS = 4
_COUNTING_KINDS = [ACTIVITY_TYPES.index(name) for name in COUNTING_TYPES]
_CANCELLED_WITH_ROWS = 0.1
_NOON = 12 * 3600
_SOME = 20_000
_WITH_REASON = 0.3


def cancel_some(lessons: Lessons, config: SimulatorConfig) -> Lessons:
    """Cancel some lessons hours or days before they begin."""
    draws = generator(config.seed, "cancelled")
    size = len(lessons.day)
    notice = draws.integers(1, 48, size) * 3600
    cancelled_at = np.maximum(lessons.started_at - notice, lessons.created_at + 60)
    is_cancelled = draws.random(size) < config.cancelled_pct / 100
    return replace(lessons, cancelled_at=np.where(is_cancelled, cancelled_at, NEVER))


class RegisterBook:
    """Takes the registers of the lessons that were held."""

    def __init__(
        self,
        config: SimulatorConfig,
        timezone: ZoneInfo,
        lessons: Lessons,
        activities: Activities,
        members: Memberships,
    ) -> None:
        self._config, self._timezone = config, timezone
        self._lessons, self._activities, self._members = lessons, activities, members
        self._draws = generator(config.seed, "registers")

    def take(self, behaviour: Behaviour, human_of_person: Int64, is_unregistered: Bool) -> dict[str, Any]:
        """Take the registers: columns of the attendance rows, in order of lesson.

        Args:
            behaviour: what each human does.
            human_of_person: the human behind each person record.
            is_unregistered: for each lesson, whether a fault keeps its register from being taken.
        """
        lessons, draws = self._lessons, self._draws
        size = len(lessons.day)
        luck, cancelled_luck = draws.random(size), draws.random(size)
        unreported, late = self._config.unreported_pct / 100, self._config.late_register_pct / 100
        delay = draws.integers(5, 90, size) * 60
        late_delay = draws.integers(1, 9, size) * DAY_SECONDS
        created_at = lessons.ended_at + delay
        reported_at = np.where((luck >= unreported) & (luck < unreported + late), created_at + late_delay, created_at)
        reported_at = np.where(luck < unreported / 2, NEVER, reported_at)
        has_register = np.isin(self._activities.kind[lessons.activity], _COUNTING_KINDS)
        has_register &= lessons.day <= day_number(self._config.last_day)
        has_register &= (luck < unreported / 2) | (luck >= unreported)
        has_register &= (lessons.cancelled_at == NEVER) | (cancelled_luck < _CANCELLED_WITH_ROWS)
        has_register &= ~is_unregistered
        lesson, person = expected_pairs(lessons, np.flatnonzero(has_register), self._activities, self._members)
        rows = self._minutes(behaviour, lesson, person, human_of_person[person])
        return rows | {"created_at": created_at[lesson], "reported_at": reported_at[lesson]}

    def _minutes(self, behaviour: Behaviour, lesson: Int64, person: Int64, human: Int64) -> dict[str, Any]:
        """Give each pupil's minutes in each register."""
        lessons = self._lessons
        length = lessons.minutes()[lesson]
        seconds_of_day = lessons.started_at[lesson] - self._midnight(lesson)
        at = PupilLessons(
            human=human,
            day=lessons.day[lesson].astype(np.int64) - day_number(self._config.start_date),
            length=length,
            is_afternoon=seconds_of_day >= _NOON,
            is_first=lessons.is_first[lesson],
        )
        valid, invalid, other = minutes_away(behaviour, self._config.absence, self._draws, at)
        reason = np.where((valid == length) & (self._draws.random(len(lesson)) < _WITH_REASON), lesson % REASONS + 1, 0)
        return {
            "lesson": lesson,
            "person": person,
            "attended": (length - valid - invalid - other).astype(np.int16),
            "valid": valid.astype(np.int16),
            "invalid": invalid.astype(np.int16),
            "other": other.astype(np.int16),
            "reason": reason.astype(np.int8),
        }

    def _midnight(self, lesson: Int64) -> Int64:
        """Give the local midnight of each lesson's day."""
        first = int(self._lessons.day.min(initial=0))
        span = int(self._lessons.day.max(initial=0)) - first + 1
        return midnights(date_of(first), span, self._timezone)[self._lessons.day[lesson] - first]

    def add_oddities(self, rows: dict[str, Any]) -> dict[str, Any]:
        """Add rows that real systems hold: a second row of a pupil-lesson, guests, strangers."""
        size = len(rows["lesson"])
        if not size:
            return rows
        count = max(4, size // _SOME)
        doubled = self._draws.integers(0, size, count)
        second = {name: column[doubled].copy() for name, column in rows.items()}
        second["valid"] = np.maximum(0, second["valid"] // 2).astype(np.int16)
        # One in four is written in the same second: the ids decide.
        wait = np.where(np.arange(count) % 4 == 0, 0, 3600)
        second["created_at"] = second["created_at"] + wait
        second["reported_at"] = np.where(second["reported_at"] == NEVER, NEVER, second["reported_at"] + wait)
        place, other = self._draws.integers(0, size, (2, count * 4))
        near = np.minimum(size - 1, place + other % 3000)
        guest = {name: column[place].copy() for name, column in rows.items()}
        guest["person"] = rows["person"][near]
        is_same_source = self._lessons.source[rows["lesson"][near]] == self._lessons.source[rows["lesson"][place]]
        guest = {name: column[is_same_source] for name, column in guest.items()}
        return {name: np.concatenate([column, second[name], guest[name]]) for name, column in rows.items()}

    def finish(self, rows: dict[str, Any], doomed_lessons: Int64, impossible: list[tuple[int, int]]) -> Registers:
        """Order the rows, correct and delete some, plant the impossible ones.

        Args:
            rows: the columns of the rows.
            doomed_lessons: lessons that will be deleted, rows and all.
            impossible: source's place and number of rows with impossible minutes.
        """
        order = np.argsort(rows["lesson"], kind="stable")
        rows = {name: column[order] for name, column in rows.items()}
        source = self._lessons.source[rows["lesson"]]
        planted = self._plant(rows, source, impossible)
        deleted_rows, deleted_at = self._deletions(rows, doomed_lessons, planted)
        return Registers(
            source=source,
            lesson=rows["lesson"].astype(np.int32),
            person=rows["person"].astype(np.int32),
            created_at=rows["created_at"],
            reported_at=rows["reported_at"],
            attended=rows["attended"],
            valid=rows["valid"],
            invalid=rows["invalid"],
            other=rows["other"],
            reason=rows["reason"],
            deleted_rows=deleted_rows,
            deleted_at=deleted_at,
            corrections=self._corrections(rows, planted),
            impossible_rows=planted,
        )

    def _last_day_at(self, hour: int) -> int:
        """Give a moment of the last day with registers, which only the second night sees."""
        return moment(self._config.last_day, time(hour), self._timezone)

    def _first_night(self) -> int:
        """Give the first night's clock: the Saturday after the last whole week."""
        return moment(self._config.last_day - timedelta(days=2), time(3), self._timezone)

    def _plant(self, rows: dict[str, Any], source: Int16, impossible: list[tuple[int, int]]) -> Int64:
        """Give some rows minutes that no lesson has."""
        chosen = [np.empty(0, np.int64)]
        for place, count in impossible:
            is_fit = (source == place) & (rows["reported_at"] < self._first_night())
            fit = np.flatnonzero(is_fit)
            chosen.append(np.sort(self._draws.choice(fit, min(count, len(fit)), replace=False)))
        planted = np.concatenate(chosen)
        rows["valid"][planted] = np.where(np.arange(len(planted)) % 3 > 0, -40, rows["valid"][planted])
        rows["invalid"][planted] = np.where(np.arange(len(planted)) % 3 == 0, 4000, rows["invalid"][planted])
        return planted

    def _corrections(self, rows: dict[str, Any], planted: Int64) -> Corrections:
        """Make some invalid absence valid, days or weeks after the register was taken."""
        is_fit: Bool = (rows["invalid"] > 0) & (rows["reported_at"] != NEVER)
        is_fit[planted] = False
        fit = np.flatnonzero(is_fit)
        fit = fit[self._draws.random(len(fit)) < self._config.corrected_pct / 100]
        known_at = rows["reported_at"][fit] + self._draws.integers(1, 15, len(fit)) * DAY_SECONDS - 1800
        # Every fifth waits for the last day: weeks-old corrections are the second night's news.
        is_news = (np.arange(len(fit)) % 5 == 0) & (rows["reported_at"][fit] < self._first_night())
        news_at = self._last_day_at(9) + self._draws.integers(0, 6 * 3600, len(fit))
        known_at = np.where(is_news, news_at, known_at)
        order = np.argsort(known_at, kind="stable")
        fit, known_at = fit[order], known_at[order]
        valid = (rows["valid"][fit] + rows["invalid"][fit]).astype(np.int16)
        return Corrections(fit, known_at, valid, np.zeros(len(fit), np.int16))

    def _deletions(self, rows: dict[str, Any], doomed_lessons: Int64, planted: Int64) -> tuple[Int64, Int64]:
        """Delete some rows, half of them on the last day, and all rows of the doomed lessons."""
        size = len(rows["lesson"])
        old = np.flatnonzero(rows["created_at"] < self._first_night() - DAY_SECONDS)
        chosen = np.setdiff1d(
            old[self._draws.integers(0, max(1, len(old)), 4 + size // _SOME)] if len(old) else old, planted
        )
        of_doomed = np.flatnonzero(np.isin(rows["lesson"], doomed_lessons))
        chosen = np.setdiff1d(chosen, of_doomed)
        is_news = np.arange(len(chosen)) % 2 == 0
        known_at = np.where(is_news, self._last_day_at(13), self._first_night() - 3600)
        all_rows = np.r_[chosen, of_doomed]
        all_at = np.r_[known_at, np.full(len(of_doomed), self._last_day_at(14))]
        order = np.argsort(all_rows, kind="stable")
        return all_rows[order], all_at[order].astype(np.int64)
