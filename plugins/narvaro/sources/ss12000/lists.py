"""The lists of the standard that a night reads, and the canonical entities that are made of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from narvaro.sources.ss12000 import people, register, teaching, wire
from narvaro.sources.ss12000.context import Context

Convert = Callable[[Any, Context], pa.RecordBatch]


@dataclass(frozen=True, slots=True)
class Resource:
    """One list of the standard and the entities that are made of it.

    `is_optional`: a register or timetable vendor need not serve it. `is_resumable`: a walk may
    go on in a later run, for the ids of its rows are landed as they came.
    """

    path: str
    row_type: type[Any]
    makes: tuple[tuple[str, Convert], ...]
    filters: tuple[tuple[str, str], ...] = ()
    is_optional: bool = False
    is_resumable: bool = False

    @property
    def entities(self) -> tuple[str, ...]:
        """Give the names of what is made of it."""
        return tuple(entity for entity, _ in self.makes)


DELETED = "/deletedEntities"
SYLLABUSES = Resource("/syllabuses", wire.Syllabus, (), is_optional=True)
SCHOOL_UNITS = Resource("/organisations", wire.Organisation, (("school_units", teaching.school_units),))
ACTIVITIES = Resource("/activities", wire.Activity, (("activities", teaching.activities),))
PERSONS = Resource(
    "/persons",
    wire.Person,
    (("pupils", people.pupils), ("enrolments", people.enrolments)),
    filters=(("relationship.entity.type", "enrolment"),),
)
GROUPS = Resource("/groups", wire.Group, (("group_memberships", people.group_memberships),))
LESSONS = Resource("/calendarEvents", wire.CalendarEvent, (("lessons", teaching.lessons),), is_resumable=True)
ATTENDANCES = Resource("/attendances", wire.Attendance, (("attendances", register.attendances),), is_resumable=True)
NOTICES = Resource(
    "/absences",
    wire.Absence,
    (("absence_notices", register.absence_notices),),
    is_optional=True,
    is_resumable=True,
)
GRADES = Resource("/grades", wire.Grade, (("grades", register.grades),), is_optional=True, is_resumable=True)

# Read whole every night: small, and what is missing from them has gone.
STANDING = (SCHOOL_UNITS, ACTIVITIES)
# Read by time of change where the source allows it.
CHANGING = (PERSONS, GROUPS, LESSONS, ATTENDANCES, NOTICES, GRADES)
