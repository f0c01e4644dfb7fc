"""The lists that a probe asks for, and what each must show when nothing is stripped from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from narvaro.sources.ss12000.times import wire_time

Filters = tuple[tuple[str, str], ...]

_DAYS_IN_WEEK = 7
_FIRST_LOOK = timedelta(days=14)
_SECOND_LOOK = timedelta(days=200)


@dataclass(frozen=True, slots=True)
class ListSpec:
    """One list of the standard.

    `attributes` are those we have a use for and that some row of every whole sample carries; `time` is a time of its
    own; `is_whole` tells whether it has `meta` filters, `is_needed` whether a night asks for it in any case; `only`
    names rows by an attribute's value.
    """

    path: str
    attributes: tuple[str, ...] = ()
    filters: Filters = ()
    time: str | None = None
    window: str | None = None
    is_whole: bool = True
    is_needed: bool = True
    only: tuple[str, object] | None = None
    has_lookup: bool = False


LISTS: tuple[ListSpec, ...] = (
    ListSpec(
        "/organisations",
        ("schoolUnitCode", "municipalityCode", "schoolTypes"),
        only=("organisationType", "Skolenhet"),
    ),
    ListSpec("/syllabuses", ("schoolType", "subjectCode", "subjectName")),
    ListSpec("/activities", ("activityType", "groups", "syllabus")),
    ListSpec(
        "/persons",
        ("civicNo", "birthDate", "sex", "enrolments"),
        filters=(("relationship.entity.type", "enrolment"),),
        has_lookup=True,
    ),
    ListSpec("/groups", ("groupType", "groupMemberships")),
    ListSpec("/calendarEvents", time="startTime", window="startTime", has_lookup=True),
    ListSpec("/attendances", ("attendanceMinutes",), only=("isReported", True), has_lookup=True),
    ListSpec("/absences", ("organisation",), time="startTime"),
    ListSpec("/grades", ("syllabus", "organisation", "semester", "registeredDate")),
    ListSpec("/aggregatedAttendance", ("reportedSum", "offeredSum"), window="dates", is_whole=False, is_needed=False),
)


def looks(spec: ListSpec, now: datetime) -> tuple[Filters, ...]:
    """Give what a list demands, as the windows to look through until one has rows."""
    if spec.window == "startTime":
        return tuple(lesson_window(now - span, now) for span in (_FIRST_LOOK, _SECOND_LOOK))
    if spec.window == "dates":
        last_sunday = now.date() - timedelta(days=now.isoweekday())
        weeks = (last_sunday - timedelta(days=_DAYS_IN_WEEK - 1), last_sunday - _SECOND_LOOK)
        return tuple(date_window(first, last_sunday) for first in weeks)
    return ((),)


def lesson_window(first: datetime, last: datetime) -> Filters:
    """Give the window that a read of lessons demands."""
    return (("startTime.onOrAfter", _whole(first)), ("startTime.onOrBefore", _whole(last)))


def date_window(first: date, last: date) -> Filters:
    """Give the days that a read of sums demands."""
    return (("startDate", first.isoformat()), ("endDate", last.isoformat()))


def _whole(moment: datetime) -> str:
    """Write a moment in whole seconds."""
    return wire_time(moment.astimezone(UTC).replace(microsecond=0))
