"""Objects asked for by their ids: one of them, or some."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from narvaro.simulator.randomness import uuid_bytes
from narvaro.simulator.wire.deletions import ANY_TIME
from narvaro.simulator.wire.identities import are_asked, id_bytes
from narvaro.simulator.wire.request import Query, bad_request
from narvaro.simulator.wire.selection import FILTERS, Selection

if TYPE_CHECKING:
    from narvaro.simulator.tables import Int64
    from narvaro.simulator.wire.pages import Pages
    from narvaro.simulator.wire.walks import Walk

# The standard's own spellings.
_ATTENDANCE_KEYS = ("ids", "activities", "students", "calendareEvents")
_KEYS = {
    "organisations": ("ids", "schoolUnitCodes", "organisationCodes"),
    "persons": ("ids", "civicNos"),
    "activities": ("ids", "teachers", "members"),
    "calendarEvents": ("ids", "activities", "student", "teacher"),
    "attendances": _ATTENDANCE_KEYS,
}
RESOURCES = tuple(FILTERS)


def wanted(resource: str, content: Any) -> dict[str, list[str]]:  # noqa: ANN401 - the body of a request
    """Give what a lookup's body asks for.

    Raises:
        WireError: the body is not one of this resource's.
    """
    if not isinstance(content, dict) or not content or set(content) - set(_KEYS.get(resource, ("ids",))):
        raise bad_request("The body is not a lookup of this resource.")
    if not all(isinstance(ids, list) and all(isinstance(one, str) for one in ids) for ids in content.values()):
        raise bad_request("A lookup holds lists of ids.")
    return content


def everything(walk: Walk) -> Walk:
    """Give a walk that meets every object of its resource."""
    extra = ANY_TIME if walk.resource == "calendarEvents" else ()
    return replace(walk, query=Query((*extra, *walk.query.filters), knows_all=True))


def found(pages: Pages, walk: Walk, asked: dict[str, list[str]]) -> Int64:
    """Give the objects that a lookup means; ids that are not there are left out."""
    chosen = pages.chosen(walk)
    view = pages.view(walk.clock, walk.habits)
    is_meant = np.zeros(len(chosen), np.bool_)
    if ids := asked.get("ids"):
        is_meant |= are_asked(id_bytes(view, walk.place, walk.resource, chosen), ids)
    world, seed = view.world, view.world.config.seed
    if walk.resource == "attendances":
        selection, registers = Selection(view, walk.place), world.registers
        if lessons := asked.get("calendareEvents"):
            is_meant |= np.isin(registers.lesson[chosen], selection.lessons_with(lessons))
        if students := asked.get("students"):
            is_meant |= np.isin(registers.person[chosen], selection.students(students))
        if activities := asked.get("activities"):
            of_rows = world.lessons.activity[registers.lesson[chosen]]
            is_meant |= are_asked(uuid_bytes(seed, "activity", of_rows), activities)
    if walk.resource == "calendarEvents" and (activities := asked.get("activities")):
        is_meant |= are_asked(uuid_bytes(seed, "activity", world.lessons.activity[chosen]), activities)
    if walk.resource == "persons" and (numbers := asked.get("civicNos")):
        count = len(world.persons.civic_number)
        is_meant |= np.array(
            [n < count and world.persons.civic_number[n] in numbers for n in chosen.tolist()], np.bool_
        )
    if walk.resource == "organisations" and (codes := asked.get("schoolUnitCodes")):
        is_meant |= np.array([n >= 0 and world.units.code[n] in codes for n in chosen.tolist()], np.bool_)
    return chosen[is_meant]
