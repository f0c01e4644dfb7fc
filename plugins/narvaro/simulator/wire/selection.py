"""Which objects a request means: each resource's own filters, on arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from narvaro.simulator.randomness import uuid, uuid_bytes
from narvaro.simulator.subjects import SUBJECTS
from narvaro.simulator.tables import FORMS, Bool, Int64
from narvaro.simulator.wire.identities import are_asked
from narvaro.simulator.wire.people import GROUP_TYPES
from narvaro.simulator.wire.request import META_FILTERS, Query, bad_request
from narvaro.simulator.wire.writer import OWNER, STAFF_OFFSET, STAFF_PER_UNIT

if TYPE_CHECKING:
    from narvaro.simulator.wire.view import View


class Selection:
    """Chooses the objects of one source at one moment."""

    def __init__(self, view: View, place: int) -> None:
        self._view, self._world, self._place = view, view.world, place
        self._seed = view.world.config.seed
        self._units = np.flatnonzero(view.world.units.source == place)

    def _in_source(self, sources: np.ndarray) -> Int64:
        """Give the places of the source's rows in a table that is ordered by source."""
        first, last = np.searchsorted(sources, [self._place, self._place + 1])
        return np.arange(first, last)

    def _of_units(self, units: np.ndarray) -> Int64:
        """Give the places of rows that belong to the source's units."""
        return np.flatnonzero(np.isin(units, self._units))

    def _meta(self, query: Query, created_at: Int64, modified_at: Int64) -> Bool:
        """Tell which objects lie in the asked spans: before is inclusive, after exclusive."""
        is_meant = np.ones(len(created_at), np.bool_)
        for name, values in (("created", created_at), ("modified", modified_at)):
            if (before := query.moment(f"meta.{name}.before")) is not None:
                is_meant &= values <= before
            if (after := query.moment(f"meta.{name}.after")) is not None:
                is_meant &= values > after
        return is_meant

    def _fixed_meta(self, query: Query, count: int) -> Bool:
        """Tell which of the objects that never change lie in the asked spans."""
        opened_at = np.full(count, self._world.opened_at, np.int64)
        return self._meta(query, opened_at, opened_at)

    def _asked_units(self, query: Query, name: str = "organisation") -> Int64 | None:
        """Give the units that an organisation filter means; the owner means all of them."""
        asked = query.all(name)
        if not asked:
            return None
        if uuid(self._seed, "owner", self._place) in asked:
            return self._units
        return self._places("organisation", self._units, asked)

    def _places(self, kind: str, numbers: Int64, asked: list[str]) -> Int64:
        """Give the numbers of the records with the asked ids."""
        return numbers[are_asked(uuid_bytes(self._seed, kind, numbers), asked)]

    def lessons_with(self, asked: list[str]) -> Int64:
        """Give the lessons with the asked ids."""
        lessons = self._in_source(self._world.lessons.source)
        return lessons[are_asked(self._view.lesson_ids(lessons), asked)]

    def organisations(self, query: Query) -> Int64:
        """The owner (OWNER) and the source's units."""
        units = self._world.units
        chosen = np.r_[OWNER, self._units]
        types, codes = query.all("type"), query.all("schoolUnitCode")
        municipality, forms = query.one("municipalityCode"), query.all("schoolTypes")
        keep = [
            (not types or ("Huvudman" if unit == OWNER else "Skolenhet") in types)
            and (not codes or (unit != OWNER and units.code[unit] in codes))
            and (municipality is None or (unit != OWNER and units.municipality_code[unit] == municipality))
            and (not forms or (unit != OWNER and FORMS[units.form[unit]] in forms))
            for unit in chosen.tolist()
        ]
        kept: Int64 = chosen[np.array(keep, np.bool_) & self._fixed_meta(query, len(chosen))]
        return kept

    def persons(self, query: Query) -> Int64:
        """The pupils with an enrolment, and the staff when no relationship is asked for."""
        persons, relationship = self._world.persons, query.one("relationship.entity.type")
        chosen = self._in_source(persons.source)
        is_meant = persons.created_at[chosen] <= self._view.clock
        is_meant &= self._meta(query, persons.created_at[chosen], self._view.person_modified_at[chosen])
        if (number := query.one("civicNo")) is not None:
            is_meant &= np.array([persons.civic_number[person] == number for person in chosen.tolist()], np.bool_)
        if (units := self._asked_units(query, "relationship.organisation")) is not None:
            enrolments = self._world.enrolments
            is_meant &= np.isin(chosen, enrolments.person[np.isin(enrolments.unit, units)])
        pupils: Int64 = chosen[is_meant]
        if relationship not in (None, "enrolment", "groupMembership"):
            return pupils[:0]
        if relationship is not None or query.one("civicNo") is not None:
            return pupils
        staff = (self._units[:, None] * STAFF_PER_UNIT + np.arange(STAFF_PER_UNIT)).ravel()
        everybody: Int64 = np.r_[pupils, staff[self._fixed_meta(query, len(staff))] + STAFF_OFFSET]
        return everybody

    def groups(self, query: Query) -> Int64:
        """The groups of pupils and staff."""
        groups = self._world.groups
        chosen = self._of_units(groups.unit)
        opened_at = np.full(len(chosen), self._world.opened_at, np.int64)
        is_meant = self._meta(query, opened_at, self._view.group_modified_at[chosen])
        if kinds := query.all("groupType"):
            is_meant &= np.isin(groups.kind[chosen], [GROUP_TYPES.index(kind) for kind in kinds if kind in GROUP_TYPES])
        if (units := self._asked_units(query)) is not None:
            is_meant &= np.isin(groups.unit[chosen], units)
        return chosen[is_meant]

    def activities(self, query: Query) -> Int64:
        """The activities."""
        activities = self._world.activities
        chosen = self._of_units(activities.unit)
        is_meant = self._fixed_meta(query, len(chosen))
        if (units := self._asked_units(query)) is not None:
            is_meant &= np.isin(activities.unit[chosen], units)
        return chosen[is_meant]

    def syllabuses(self, query: Query) -> Int64:
        """The subjects and courses, the same at every source."""
        return np.flatnonzero(self._fixed_meta(query, len(SUBJECTS)))

    def calendar_events(self, query: Query) -> Int64:
        """The lessons that begin in a window, which must be given."""
        first, last = query.moment("startTime.onOrAfter"), query.moment("startTime.onOrBefore")
        if first is None or last is None:
            raise bad_request("startTime.onOrAfter and startTime.onOrBefore are required.")
        lessons, view = self._world.lessons, self._view
        chosen = self._in_source(lessons.source)
        is_meant = view.lesson_is_visible[chosen] & (lessons.started_at[chosen] >= first)
        is_meant &= lessons.started_at[chosen] <= last
        is_meant &= self._meta(query, view.lesson_created_at[chosen], view.lesson_modified_at[chosen])
        if (until := query.moment("endTime.onOrBefore")) is not None:
            is_meant &= lessons.ended_at[chosen] <= until
        if (since := query.moment("endTime.onOrAfter")) is not None:
            is_meant &= lessons.ended_at[chosen] >= since
        if (units := self._asked_units(query)) is not None:
            is_meant &= np.isin(self._world.activities.unit[lessons.activity[chosen]], units)
        if asked := query.all("activity"):
            activities = self._places("activity", self._of_units(self._world.activities.unit), asked)
            is_meant &= np.isin(lessons.activity[chosen], activities)
        return chosen[is_meant]

    def attendances(self, query: Query) -> Int64:
        """The attendance rows."""
        registers, view = self._world.registers, self._view.registers
        chosen = self.registers_of(query)
        is_meant = self._meta(query, registers.created_at[chosen], view.modified_at[chosen])
        if asked := query.all("calendarEvent"):
            is_meant &= np.isin(registers.lesson[chosen], self.lessons_with(asked))
        return chosen[is_meant]

    def registers_of(self, query: Query) -> Int64:
        """Give the attendance rows of the asked units and pupils."""
        registers = self._world.registers
        chosen = self._in_source(registers.source)
        is_meant = self._view.registers.is_visible[chosen]
        if (units := self._asked_units(query)) is not None:
            activity = self._world.lessons.activity[registers.lesson[chosen]]
            is_meant = is_meant & np.isin(self._world.activities.unit[activity], units)
        if asked := query.all("student"):
            is_meant = is_meant & np.isin(registers.person[chosen], self.students(asked))
        return chosen[is_meant]

    def students(self, asked: list[str]) -> Int64:
        """Give the person records with the asked ids."""
        return self._places("person", self._in_source(self._world.persons.source), asked)

    def absences(self, query: Query) -> Int64:
        """Absence reported in advance; here onOrAfter is exclusive, as the document says."""
        notices = self._world.notices
        chosen = self._in_source(notices.source)
        is_meant = notices.created_at[chosen] <= self._view.clock
        is_meant &= self._meta(query, notices.created_at[chosen], notices.created_at[chosen])
        for name, values in (("startTime", notices.started_at[chosen]), ("endTime", notices.ended_at[chosen])):
            if (after := query.moment(f"{name}.onOrAfter")) is not None:
                is_meant &= values > after
            if (before := query.moment(f"{name}.onOrBefore")) is not None:
                is_meant &= values <= before
        if (units := self._asked_units(query)) is not None:
            is_meant &= np.isin(notices.unit[chosen], units)
        if (kind := query.one("type")) is not None:
            is_meant &= notices.is_leave[chosen] == (kind == "Beviljad ledighet")
        if asked := query.all("student"):
            is_meant &= np.isin(notices.person[chosen], self.students(asked))
        return chosen[is_meant]

    def grades(self, query: Query) -> Int64:
        """The registered grades."""
        grades = self._world.grades
        chosen = self._in_source(grades.source)
        is_meant = grades.created_at[chosen] <= self._view.clock
        is_meant &= self._meta(query, grades.created_at[chosen], grades.created_at[chosen])
        if (first := query.day("registeredDate.onOrAfter")) is not None:
            is_meant &= grades.day[chosen] >= first
        if (last := query.day("registeredDate.onOrBefore")) is not None:
            is_meant &= grades.day[chosen] <= last
        if (units := self._asked_units(query)) is not None:
            is_meant &= np.isin(grades.unit[chosen], units)
        if asked := query.all("student"):
            is_meant &= np.isin(grades.person[chosen], self.students(asked))
        return chosen[is_meant]


Select = Callable[[Selection, Query], "Int64"]
FILTERS: dict[str, tuple[Select, tuple[str, ...]]] = {
    "organisations": (Selection.organisations, ("type", "schoolUnitCode", "municipalityCode", "schoolTypes")),
    "persons": (
        Selection.persons,
        ("relationship.entity.type", "relationship.organisation", "civicNo", "expand"),
    ),
    "groups": (Selection.groups, ("groupType", "organisation", "expand")),
    "activities": (Selection.activities, ("organisation", "expand")),
    "syllabuses": (Selection.syllabuses, ()),
    "calendarEvents": (
        Selection.calendar_events,
        (
            "startTime.onOrAfter", "startTime.onOrBefore", "endTime.onOrAfter", "endTime.onOrBefore",
            "organisation", "activity", "expand",
        ),
    ),
    "attendances": (Selection.attendances, ("organisation", "student", "calendarEvent")),
    "absences": (
        Selection.absences,
        (
            "startTime.onOrAfter", "startTime.onOrBefore", "endTime.onOrAfter", "endTime.onOrBefore",
            "organisation", "student", "type",
        ),
    ),
    "grades": (
        Selection.grades,
        ("organisation", "student", "registeredDate.onOrAfter", "registeredDate.onOrBefore"),
    ),
}  # fmt: skip


def known_filters(resource: str) -> tuple[str, ...]:
    """Give the parameters that a resource takes."""
    return FILTERS[resource][1] + META_FILTERS
