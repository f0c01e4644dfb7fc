"""Pages: the objects of a walk, a page at a time, as bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from narvaro.simulator.wire.aggregates import AGGREGATES, aggregated, written_sums
from narvaro.simulator.wire.deletions import Told, deletions_data, told_deletions
from narvaro.simulator.wire.lessons import attendance, attendance_rows, lesson_rows
from narvaro.simulator.wire.objects import activity, grade, notice, owner, syllabus, unit
from narvaro.simulator.wire.people import group, person, staff
from narvaro.simulator.wire.request import bad_request
from narvaro.simulator.wire.selection import FILTERS, Selection, known_filters
from narvaro.simulator.wire.vanishing import still_there
from narvaro.simulator.wire.view import View
from narvaro.simulator.wire.writer import OWNER, STAFF_OFFSET, Object, Writer

if TYPE_CHECKING:
    import pandas as pd

    from narvaro.simulator.tables import Int64
    from narvaro.simulator.wire.habits import Habits
    from narvaro.simulator.wire.walks import Walk
    from narvaro.simulator.world import World

_KEPT_VIEWS, _KEPT_WALKS = 6, 96
_EXPANSIONS = {
    "activities": {"syllabus", "groups", "teachers"},
    "calendarEvents": {"activity", "attendance"},
    "groups": {"assignmentRoles"},
    "persons": {"duties", "responsibleFor", "placements", "ownedPlacements", "groupMemberships"},
}


@dataclass(frozen=True, slots=True)
class Names:
    """Whose references carry names."""

    of_all: bool = False
    of_protected: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """Which of a walk's objects a page holds; `slip` moves them on in the order."""

    offset: int
    limit: int
    slip: int = 0

    @property
    def place(self) -> slice:
        """The places of the page's objects."""
        return slice(self.offset, self.offset + self.limit)


class Pages:
    """Writes pages of every resource; remembers the newest walks and moments."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._views: OrderedDict[tuple[int, Habits], View] = OrderedDict()
        self._walks: OrderedDict[Walk, Any] = OrderedDict()

    def view(self, clock: int, habits: Habits) -> View:
        """Give the county as a source knows it at a moment."""
        if (clock, habits) not in self._views:
            self._views[clock, habits] = View(self._world, clock, habits)
            while len(self._views) > _KEPT_VIEWS:
                self._views.popitem(last=False)
        return self._views[clock, habits]

    def page(self, walk: Walk, part: Part, names: Names) -> tuple[bytes, int]:
        """Give the data of a page, and how many objects the walk meets in all."""
        if walk.resource == "deletedEntities":
            told = self._kept(walk, self._told)
            return deletions_data(told, walk.query.all("entities"), part.place), len(told)
        if walk.resource == AGGREGATES:
            sums = self._kept(walk, self._sums)
            return written_sums(self._writer(walk, names), walk.query, sums, part.place), len(sums)
        chosen = np.roll(self.chosen(walk), part.slip) if part.slip else self.chosen(walk)
        return self.written(walk, chosen[part.place], names), len(chosen)

    def chosen(self, walk: Walk) -> Int64:
        """Give everything that a walk will meet."""
        chosen: Int64 = self._kept(walk, self._choose)
        return chosen

    def written(self, walk: Walk, chosen: Int64, names: Names) -> bytes:
        """Write objects as a JSON list."""
        part = _written(self._writer(walk, names), walk.resource, chosen, set(walk.query.all("expand")))
        return b"[" + part + b"]"

    def _writer(self, walk: Walk, names: Names) -> Writer:
        """Give the writer of a walk's objects."""
        is_asked = walk.query.one("expandReferenceNames") == "true"
        view = self.view(walk.clock, walk.habits)
        return Writer(view, walk.place, has_names=is_asked or names.of_all, has_protected_names=names.of_protected)

    def _kept(self, walk: Walk, find: Callable[[Walk], Any]) -> Any:  # noqa: ANN401 - what a walk meets
        """Give what a walk meets, found once."""
        if walk not in self._walks:
            self._walks[walk] = find(walk)
            while len(self._walks) > _KEPT_WALKS:
                self._walks.popitem(last=False)
        return self._walks[walk]

    def _choose(self, walk: Walk) -> Int64:
        """Find the objects that a walk asks for."""
        walk.query.check(known_filters(walk.resource))
        if not set(walk.query.all("expand")) <= _EXPANSIONS.get(walk.resource, set()) and not walk.query.knows_all:
            raise bad_request("expand names something that this resource does not have.")
        view = self.view(walk.clock, walk.habits)
        chosen = FILTERS[walk.resource][0](Selection(view, walk.place), walk.query)
        return still_there(view, walk.place, walk.resource, chosen)

    def _told(self, walk: Walk) -> list[Told]:
        """Find the deletions that a walk asks for."""
        walk.query.check(("after", "entities"))
        return told_deletions(self.view(walk.clock, walk.habits), walk.place, walk.query)

    def _sums(self, walk: Walk) -> pd.DataFrame:
        """Find the sums that a walk asks for."""
        view = self.view(walk.clock, walk.habits)
        return aggregated(view, Selection(view, walk.place), walk)


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
            visible = first + np.flatnonzero(view.is_visible[first:last])
            there = still_there(writer.view, writer.place, "attendances", visible)
            embedded["attendance"] = [attendance(writer, row) for row in there.tolist()]
        record["_embedded"] = embedded
    return b",".join(orjson.dumps(record) for record in records)
