"""The county as its servers show it at one moment: each object in its newest version by then."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from narvaro.simulator.randomness import Bytes, uuid, uuid_bytes
from narvaro.simulator.tables import NEVER, OPEN_DAY, Bool, Int16, Int32, Int64
from narvaro.simulator.wire.habits import Habits, falls_in

if TYPE_CHECKING:
    from narvaro.simulator.world import World


@dataclass(frozen=True, slots=True)
class RegisterView:
    """The attendance rows at a moment."""

    is_visible: Bool
    is_reported: Bool
    modified_at: Int64
    valid: Int16
    invalid: Int16


@dataclass(frozen=True)
class View:
    """What the servers show at one moment (seconds since 1970)."""

    world: World
    clock: int
    habits: Habits = field(default=Habits())

    def newest(self, base: Int64, *changes: Int64) -> Int64:
        """Give the newest of several moments that have come by the clock."""
        newest = base
        for change in changes:
            newest = np.where(change <= self.clock, np.maximum(newest, change), newest)
        return newest

    @cached_property
    def registers(self) -> RegisterView:
        """The attendance rows."""
        rows, clock = self.world.registers, self._register_clock()
        is_visible = rows.created_at <= clock
        is_visible[rows.deleted_rows[rows.deleted_at <= self.clock]] = False
        modified_at = np.where(
            rows.reported_at <= clock, np.maximum(rows.created_at, rows.reported_at), rows.created_at
        )
        valid, invalid = rows.valid.copy(), rows.invalid.copy()
        is_known = rows.corrections.known_at <= clock[rows.corrections.row]
        corrected = rows.corrections.row[is_known]
        valid[corrected] = rows.corrections.valid[is_known]
        invalid[corrected] = rows.corrections.invalid[is_known]
        modified_at[corrected] = np.maximum(modified_at[corrected], rows.corrections.known_at[is_known])
        if self.habits.republished is not None:
            has_moved = self.lesson_is_republished[rows.lesson]
            modified_at[has_moved] = np.maximum(modified_at[has_moved], self.habits.republished.moment)
        return RegisterView(is_visible, rows.reported_at <= clock, modified_at, valid, invalid)

    def _register_clock(self) -> Int64:
        """Give the moment that each attendance row is shown as of."""
        size, late = len(self.world.registers.lesson), self.habits.late
        clock = np.full(size, self.clock, np.int64)
        if late is not None:
            clock[falls_in(np.arange(size), late.share)] -= late.seconds
        return clock

    @cached_property
    def lesson_is_visible(self) -> Bool:
        """Which lessons exist."""
        lessons = self.world.lessons
        return (lessons.created_at <= self.clock) & (lessons.deleted_at > self.clock)

    @cached_property
    def lesson_is_cancelled(self) -> Bool:
        """Which lessons are cancelled."""
        return self.world.lessons.cancelled_at <= self.clock

    @cached_property
    def lesson_is_republished(self) -> Bool:
        """Which lessons have got a new id."""
        lessons, republished = self.world.lessons, self.habits.republished
        if republished is None or republished.moment > self.clock:
            return np.zeros(len(lessons.day), np.bool_)
        was_held: Bool = (lessons.ended_at < republished.moment) & (lessons.created_at < republished.moment)
        was_held &= lessons.deleted_at == NEVER
        return was_held & falls_in(np.arange(len(lessons.day)), republished.share)

    @cached_property
    def lesson_created_at(self) -> Int64:
        """When each lesson was made, under the id that it has now."""
        created_at = self.world.lessons.created_at
        if self.habits.republished is None:
            return created_at
        return np.where(self.lesson_is_republished, self.habits.republished.moment, created_at)

    @cached_property
    def lesson_modified_at(self) -> Int64:
        """When each lesson last changed."""
        if self.habits.is_modified_at_start:
            return self.world.lessons.started_at
        return np.maximum(
            self.lesson_created_at, self.newest(self.world.lessons.created_at, self.world.lessons.cancelled_at)
        )

    def lesson_ids(self, lessons: Int64 | Int32) -> Bytes:
        """Give the ids that lessons have now, as rows of ASCII bytes."""
        seed = self.world.config.seed
        ids = uuid_bytes(seed, "lesson", lessons)
        if self.habits.republished is not None:
            is_new = self.lesson_is_republished[lessons]
            ids[is_new] = uuid_bytes(seed, "republished lesson", lessons[is_new])
        return ids

    def lesson_id(self, lesson: int) -> str:
        """Give the id that a lesson has now."""
        if self.habits.republished is None:
            return uuid(self.world.config.seed, "lesson", lesson)
        return self.lesson_ids(np.array([lesson], np.int64)).tobytes().decode("ascii")

    @cached_property
    def person_modified_at(self) -> Int64:
        """When each person record last changed, its enrolments included."""
        persons, enrolments = self.world.persons, self.world.enrolments
        modified_at = self.newest(persons.created_at, persons.marked_at)
        known_at = self.newest(np.zeros(len(enrolments.person), np.int64), enrolments.known_at, enrolments.end_known_at)
        np.maximum.at(modified_at, enrolments.person, known_at)
        return modified_at

    @cached_property
    def enrolment_end_day(self) -> Int32:
        """The end dates of enrolments, as far as they are known."""
        enrolments = self.world.enrolments
        return np.where(enrolments.end_known_at <= self.clock, enrolments.end_day, OPEN_DAY).astype(np.int32)

    @cached_property
    def membership_end_day(self) -> Int32:
        """The end dates of memberships, as far as they are known."""
        memberships = self.world.memberships
        return np.where(memberships.end_known_at <= self.clock, memberships.end_day, OPEN_DAY).astype(np.int32)

    @cached_property
    def group_modified_at(self) -> Int64:
        """When each group last changed, its memberships included."""
        memberships = self.world.memberships
        modified_at = np.full(len(self.world.groups.unit), self.world.opened_at, np.int64)
        known_at = self.newest(
            np.zeros(len(memberships.group), np.int64), memberships.known_at, memberships.end_known_at
        )
        np.maximum.at(modified_at, memberships.group, known_at)
        return modified_at

    @cached_property
    def marking(self) -> Int64:
        """The place in MARKINGS that each person record shows."""
        persons = self.world.persons
        return np.where(persons.marked_at <= self.clock, persons.marking, 0)
