"""Pages: the objects of a walk, a page at a time, as bytes."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import orjson

from narvaro.simulator.randomness import uuids
from narvaro.simulator.wire.lessons import attendance, attendance_rows, lesson_rows
from narvaro.simulator.wire.objects import activity, grade, notice, owner, syllabus, unit
from narvaro.simulator.wire.people import group, person, staff
from narvaro.simulator.wire.request import Query, bad_request
from narvaro.simulator.wire.selection import FILTERS, OWNER, STAFF_OFFSET, Selection, known_filters
from narvaro.simulator.wire.view import View
from narvaro.simulator.wire.writer import Object, Writer

if TYPE_CHECKING:
    from narvaro.simulator.tables import Bool, Int64
    from narvaro.simulator.world import World

_KEPT_VIEWS, _KEPT_WALKS = 3, 48
DELETED_KINDS = {"Attendance": "attendances", "CalendarEvent": "calendarEvents"}
_EXPANSIONS = {
    "activities": {"syllabus", "groups", "teachers"},
    "calendarEvents": {"activity", "attendance"},
    "groups": {"assignmentRoles"},
    "persons": {"duties", "responsibleFor", "placements", "ownedPlacements", "groupMemberships"},
}


@dataclass(frozen=True, slots=True)
class Walk:
    """One client's way through a resource, from its first page to its last."""

    place: int
    resource: str
    query: Query
    clock: int


class Pages:
    """Writes pages of every resource; remembers the newest walks and moments."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._views: OrderedDict[int, View] = OrderedDict()
        self._walks: OrderedDict[Walk, Int64] = OrderedDict()

    def view(self, clock: int) -> View:
        """Give the county as it is at a moment."""
        if clock not in self._views:
            self._views[clock] = View(self._world, clock)
            while len(self._views) > _KEPT_VIEWS:
                self._views.popitem(last=False)
        return self._views[clock]

    def page(self, walk: Walk, offset: int, limit: int) -> tuple[bytes, bool]:
        """Give the data of a page, and whether more follow."""
        if walk.resource == "deletedEntities":
            return self._deletions(walk, offset, limit)
        chosen = self._chosen(walk)
        expand = set(walk.query.all("expand"))
        has_names = walk.query.one("expandReferenceNames") == "true"
        writer = Writer(self.view(walk.clock), walk.place, has_names=has_names)
        part = _written(writer, walk.resource, chosen[offset : offset + limit], expand)
        return b"[" + part + b"]", offset + limit < len(chosen)

    def _chosen(self, walk: Walk) -> Int64:
        """Give everything that a walk will meet."""
        if walk not in self._walks:
            walk.query.check(known_filters(walk.resource))
            if not set(walk.query.all("expand")) <= _EXPANSIONS.get(walk.resource, set()):
                raise bad_request("expand names something that this resource does not have.")
            self._walks[walk] = FILTERS[walk.resource][0](Selection(self.view(walk.clock), walk.place), walk.query)
            while len(self._walks) > _KEPT_WALKS:
                self._walks.popitem(last=False)
        return self._walks[walk]

    def _deletions(self, walk: Walk, offset: int, limit: int) -> tuple[bytes, bool]:
        """Give the ids of what was deleted, by kind, and whether more follow."""
        place, query, clock = walk.place, walk.query, walk.clock
        query.check(("after", "entities"))
        after = query.moment("after")
        entities = query.all("entities") or list(DELETED_KINDS)
        registers, lessons, seed = self._world.registers, self._world.lessons, self._world.config.seed
        found: list[tuple[str, str]] = []
        if "CalendarEvent" in entities:
            rows = np.flatnonzero((lessons.source == place) & _is_between(lessons.deleted_at, after, clock))
            found += [("calendarEvents", identity) for identity in uuids(seed, "lesson", rows)]
        if "Attendance" in entities:
            is_meant = (registers.source[registers.deleted_rows] == place) & _is_between(
                registers.deleted_at, after, clock
            )
            is_meant &= registers.created_at[registers.deleted_rows] <= registers.deleted_at
            found += [("attendances", i) for i in uuids(seed, "attendance", registers.deleted_rows[is_meant])]
        kinds = [DELETED_KINDS[name] for name in entities if name in DELETED_KINDS]
        data: dict[str, list[str]] = {kind: [] for kind in kinds}
        for kind, identity in found[offset : offset + limit]:
            data[kind].append(identity)
        return orjson.dumps(data), offset + limit < len(found)


def _is_between(moments: Int64, after: int | None, clock: int) -> Bool:
    """Tell which moments have come, after another one."""
    is_between: Bool = (moments <= clock) & (moments > (after if after is not None else -1))
    return is_between


def _written(writer: Writer, resource: str, chosen: Int64, expand: set[str]) -> bytes:
    """Write the objects of a page."""
    if not len(chosen):
        return b""
    if resource == "attendances":
        return attendance_rows(writer, chosen)
    if resource == "calendarEvents":
        return _expanded_lessons(writer, chosen, expand) if expand else lesson_rows(writer, chosen)
    return b",".join(orjson.dumps(_object(writer, resource, number, expand)) for number in chosen.tolist())


def _object(writer: Writer, resource: str, number: int, expand: set[str]) -> Object:
    """Write one object."""
    if resource == "organisations":
        return owner(writer) if number == OWNER else unit(writer, number)
    if resource == "persons":
        return staff(writer, number - STAFF_OFFSET) if number >= STAFF_OFFSET else person(writer, number)
    if resource == "activities":
        return _expanded_activity(writer, number, expand)
    write = {"groups": group, "syllabuses": syllabus, "absences": notice, "grades": grade}[resource]
    return write(writer, number)


def _expanded_activity(writer: Writer, number: int, expand: set[str]) -> Object:
    """Write an activity with what was asked for."""
    record, activities = activity(writer, number), writer.world.activities
    embedded: Object = {}
    if "groups" in expand:
        groups = [int(activities.first_group[number]), int(activities.second_group[number])]
        members = [group(writer, place) for place in groups if place >= 0]
        embedded["groups"] = [{key: value for key, value in g.items() if key != "groupMemberships"} for g in members]
    if "syllabus" in expand and "syllabus" in record:
        embedded["syllabus"] = syllabus(writer, int(activities.subject[number]))
    return record | {"_embedded": embedded} if embedded else record


def _expanded_lessons(writer: Writer, chosen: Int64, expand: set[str]) -> bytes:
    """Write lessons with their activity or attendance."""
    records = orjson.loads(b"[" + lesson_rows(writer, chosen) + b"]")
    registers, view = writer.world.registers, writer.view.registers
    for record, lesson in zip(records, chosen.tolist(), strict=True):
        embedded: Object = {}
        if "activity" in expand:
            embedded["activity"] = activity(writer, int(writer.world.lessons.activity[lesson]))
        if "attendance" in expand:
            first, last = np.searchsorted(registers.lesson, [lesson, lesson + 1])
            embedded["attendance"] = [attendance(writer, row) for row in range(first, last) if view.is_visible[row]]
        record["_embedded"] = embedded
    return b",".join(orjson.dumps(record) for record in records)
