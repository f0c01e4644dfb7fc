"""What is no longer there: units that were taken from us, rows that were deleted in great numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from narvaro.simulator.wire.habits import falls_in
from narvaro.simulator.wire.writer import OWNER, STAFF_OFFSET, STAFF_PER_UNIT

if TYPE_CHECKING:
    from narvaro.simulator.tables import Bool, Int32, Int64
    from narvaro.simulator.wire.view import View


def still_there(view: View, place: int, resource: str, chosen: Int64) -> Int64:
    """Leave out what the source has lost."""
    kept = chosen
    for vanished in view.habits.vanished:
        kept = kept[~is_vanished(view, resource, kept, (vanished.resource, vanished.share))]
    if view.habits.narrowed_share:
        lost = _lost_units(view, place)
        kept = kept[~_is_of_units(view, resource, kept, lost)]
    return kept


def is_vanished(view: View, resource: str, numbers: Int64, what: tuple[str, float]) -> Bool:
    """Tell which objects a mass deletion takes; lessons take their rows with them."""
    deleted, share = what
    if deleted == "calendarEvents" and resource == "attendances":
        return falls_in(view.world.registers.lesson[numbers].astype(np.int64), share)
    if deleted != resource:
        return np.zeros(len(numbers), np.bool_)
    is_owner = numbers == OWNER if resource == "organisations" else np.zeros(len(numbers), np.bool_)
    is_gone: Bool = falls_in(np.maximum(numbers, 0), share) & ~is_owner
    return is_gone


def _lost_units(view: View, place: int) -> Int64:
    """Choose the units of a source that it no longer shares: at least one."""
    units = np.flatnonzero(view.world.units.source == place)
    lost: Int64 = units[: math.ceil(view.habits.narrowed_share * len(units))]
    return lost


def _is_of_units(view: View, resource: str, numbers: Int64, units: Int64) -> Bool:
    """Tell which objects are some units' own."""
    world = view.world
    if resource == "syllabuses":
        return np.zeros(len(numbers), np.bool_)
    if resource == "organisations":
        return np.isin(numbers, units)
    if resource == "persons":
        is_staff = numbers >= STAFF_OFFSET
        of_staff = np.where(is_staff, (numbers - STAFF_OFFSET) // STAFF_PER_UNIT, -1)
        elsewhere = world.enrolments.person[~np.isin(world.enrolments.unit, units)]
        return np.where(is_staff, np.isin(of_staff, units), ~np.isin(numbers, elsewhere))
    if resource in ("absences", "grades"):
        table = world.notices if resource == "absences" else world.grades
        return np.isin(table.unit[numbers], units)
    if resource == "groups":
        return np.isin(world.groups.unit[numbers], units)
    activity: Int64 | Int32 = numbers
    if resource == "attendances":
        activity = world.lessons.activity[world.registers.lesson[numbers]]
    elif resource == "calendarEvents":
        activity = world.lessons.activity[numbers]
    return np.isin(world.activities.unit[activity], units)
