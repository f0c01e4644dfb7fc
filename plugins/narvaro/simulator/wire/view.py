"""The county as its servers show it at one moment: each object in its newest version by then."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from narvaro.simulator.tables import OPEN_DAY, Bool, Int16, Int32, Int64

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

    def newest(self, base: Int64, *changes: Int64) -> Int64:
        """Give the newest of several moments that have come by the clock."""
        newest = base
        for change in changes:
            newest = np.where(change <= self.clock, np.maximum(newest, change), newest)
        return newest

    @cached_property
    def registers(self) -> RegisterView:
        """The attendance rows."""
        rows = self.world.registers
        is_visible = rows.created_at <= self.clock
        is_visible[rows.deleted_rows[rows.deleted_at <= self.clock]] = False
        modified_at = self.newest(rows.created_at, rows.reported_at)
        valid, invalid = rows.valid.copy(), rows.invalid.copy()
        is_known = rows.corrections.known_at <= self.clock
        corrected = rows.corrections.row[is_known]
        valid[corrected] = rows.corrections.valid[is_known]
        invalid[corrected] = rows.corrections.invalid[is_known]
        modified_at[corrected] = np.maximum(modified_at[corrected], rows.corrections.known_at[is_known])
        return RegisterView(is_visible, rows.reported_at <= self.clock, modified_at, valid, invalid)

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
    def lesson_modified_at(self) -> Int64:
        """When each lesson last changed."""
        return self.newest(self.world.lessons.created_at, self.world.lessons.cancelled_at)

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
