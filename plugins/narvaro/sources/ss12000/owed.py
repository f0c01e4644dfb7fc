"""Which of the objects that a source has it also owed us in its lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from narvaro.sources.ss12000 import wire
from narvaro.sources.ss12000.teaching import is_school_unit
from narvaro.sources.ss12000.times import dates, local_dates, utc_times

ROW_TYPES: Mapping[str, type[wire.Row]] = {
    "school_units": wire.Organisation,
    "pupils": wire.Person,
    "lessons": wire.CalendarEvent,
}


@dataclass(frozen=True, slots=True)
class Span:
    """What a night asked for: what changed up to a moment, of a school year's days, and how times are read.

    `slack` is how far off the server may have read the moment.
    """

    until: datetime
    school_year: tuple[date, date]
    timezone: ZoneInfo
    naive_timezone: ZoneInfo
    slack: timedelta = timedelta()


def owed(entity: str, rows: Iterable[Any], span: Span) -> list[str]:
    """Give the ids of those objects that a whole list of the night should have held, in small letters.

    Raises:
        NotATimeError: an object's time cannot be read.
    """
    concerns = _CONCERNS.get(entity)
    wanted = [row for row in rows if concerns is None or concerns(row, span)]
    return [row.id.lower() for row in wanted if not _is_later(row, span)]


def _is_later(row: wire.Row, span: Span) -> bool:
    """Tell whether an object has changed after the night's bound: its list rightly left it for tomorrow."""
    text = row.meta.modified if row.meta else None
    changed = utc_times([text], span.naive_timezone, "meta.modified").to_pylist()[0]
    return changed is not None and changed > span.until - span.slack


def _is_pupil(row: wire.Person, span: Span) -> bool:
    """Tell whether a person goes to school this year; staff and those who left are not asked for."""
    ends = dates([enrolment.end_date for enrolment in row.enrolments or () if not enrolment.cancelled], "endDate")
    return any(end is None or end >= span.school_year[0] for end in ends.to_pylist())


def _is_of_year(row: wire.CalendarEvent, span: Span) -> bool:
    """Tell whether a lesson lies in the school year that is read."""
    (day,) = local_dates([row.start_time], span.naive_timezone, span.timezone, "startTime").to_pylist()
    return day is not None and span.school_year[0] <= day <= span.school_year[1]


_CONCERNS: Mapping[str, Callable[[Any, Span], bool]] = {
    "school_units": lambda row, _span: is_school_unit(row),
    "pupils": _is_pupil,
    "lessons": _is_of_year,
}
