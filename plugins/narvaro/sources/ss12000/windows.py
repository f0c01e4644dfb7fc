"""The lessons of a span of days with their registers: the standard's only read of registers by date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from narvaro.errors import SourceShapeError
from narvaro.sources.ss12000.columns import bad_field
from narvaro.sources.ss12000.lookup import Lookup, NoLookupError
from narvaro.sources.ss12000.paging import Question
from narvaro.sources.ss12000.reading import Reader, Rows
from narvaro.sources.ss12000.seen import SeenRows, fingerprints
from narvaro.sources.ss12000.times import NotATimeError, utc_times, wire_time
from narvaro.sources.ss12000.wire import Attendance, ExpandedCalendarEvent, Reference, Row

RowType = TypeVar("RowType", bound=Row)

LESSONS_PATH = "/calendarEvents"
# A lesson with its register is as large as so many rows: pages hold so many times fewer.
_REGISTER_ROWS = 10


@dataclass(frozen=True, slots=True)
class Span:
    """A span of lessons' starts, both ends within it."""

    first: datetime
    last: datetime

    @property
    def filters(self) -> tuple[tuple[str, str], ...]:
        """Give the span as the filters that the standard demands."""
        return (("startTime.onOrAfter", wire_time(self.first)), ("startTime.onOrBefore", wire_time(self.last)))

    def check(self, started: pa.Array, where: str) -> None:
        """Refuse lessons outside the span: where some came, others may be lost.

        Raises:
            SourceShapeError: a lesson begins outside.
        """
        ends = pc.min_max(started).as_py()
        if ends["min"] is not None and not (self.first <= ends["min"] and ends["max"] <= self.last):
            message = (
                f"{where}: lessons outside the asked span of startTime, so others may be lost. See resend_filters."
            )
            raise SourceShapeError(message)


def school_year_span(school_year: tuple[date, date], timezone: ZoneInfo) -> Span:
    """Give the span of a school year's lessons."""
    return Span(
        datetime.combine(school_year[0], time.min, timezone),
        datetime.combine(school_year[1] + timedelta(days=1), time.min, timezone),
    )


@dataclass(slots=True)
class RegisterWindow:
    """Reads the lessons of a span, each with its register from inside it or, where none comes, by lookup."""

    reader: Reader
    lookup: Lookup
    span: Span
    _is_expanded: bool = False
    _lessons: int = 0
    _is_looked_up: bool = True

    def pages(self) -> Iterator[tuple[Rows[ExpandedCalendarEvent], Iterator[Rows[Attendance]]]]:
        """Give the lessons some pages at a time, each time with the rows of their registers.

        Raises:
            SourceShapeError: neither way gives any register.
        """
        # With the required ones, so that it is sent again with a token wherever filters are.
        question = Question(LESSONS_PATH, required=(*self.span.filters, ("expand", "attendance")))
        walker = self.reader.walker
        fewer = replace(walker, page_size=max(1, walker.page_size // _REGISTER_ROWS), _limits={})
        for page in replace(self.reader, walker=fewer).read(question, ExpandedCalendarEvent):
            self._lessons += len(page.rows)
            yield page, self._registers(page.rows)
        if self._lessons and not self._is_expanded and not self._is_looked_up:
            message = (
                f"{self.reader.walker.transport.where(LESSONS_PATH)}: lessons come without their registers, and no "
                "lookup gives them. Set plan.attendances of the source to cursor, or ask the owner for expand."
            )
            raise SourceShapeError(message)

    def _registers(self, lessons: Sequence[ExpandedCalendarEvent]) -> Iterator[Rows[Attendance]]:
        """Give the register rows of some lessons; those that came without are asked for, for it may be forgotten."""
        inside = [lesson for lesson in lessons if lesson.embedded and lesson.embedded.attendance is not None]
        self._is_expanded = self._is_expanded or bool(inside)
        if inside:
            yield self._rows(_embedded(inside))
        without = [lesson.id for lesson in lessons if not lesson.embedded or lesson.embedded.attendance is None]
        if without and self._is_looked_up:
            try:
                for rows in self.lookup.registers(without):
                    yield self._rows(rows)
            except NoLookupError:
                self._is_looked_up = False

    def _rows(self, rows: list[Attendance]) -> Rows[Attendance]:
        """Give register rows with their times of change, each id once."""
        unique = list({row.id: row for row in rows}.values())
        texts = [row.meta.modified if row.meta else None for row in unique]
        try:
            return Rows(unique, utc_times(texts, self.reader.naive_timezone, "meta.modified"))
        except NotATimeError as error:
            raise bad_field(self.reader.walker.transport.where(LESSONS_PATH), error) from None


def _embedded(lessons: Sequence[ExpandedCalendarEvent]) -> list[Attendance]:
    """Give the register rows inside some lessons, each of the lesson that it lay in."""
    rows: list[Attendance] = []
    for lesson in lessons:
        own = Reference(lesson.id)
        for row in (lesson.embedded.attendance if lesson.embedded else None) or ():
            row.calendar_event = own
            rows.append(row)
    return rows


@dataclass(frozen=True, slots=True)
class NewRows:
    """Leaves out rows that have come before in the same night, by another list."""

    seen: SeenRows

    def new_of(self, page: Rows[RowType], *, has_times: bool = True) -> Rows[RowType]:
        """Give the rows that come for the first time."""
        times = page.modified if has_times else pa.nulls(len(page.rows), page.modified.type)
        are_new = self.seen.are_new(fingerprints([row.id for row in page.rows], times))
        if are_new.all():
            return page
        places = np.flatnonzero(are_new)
        return Rows([page.rows[place] for place in places], page.modified.take(pa.array(places)))
