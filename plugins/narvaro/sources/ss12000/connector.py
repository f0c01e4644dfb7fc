"""Reads one SS 12000 source for one night, as canonical batches."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from narvaro.errors import SourceShapeError
from narvaro.sources.contract import ENTITIES
from narvaro.sources.ss12000 import people, register, teaching, wire
from narvaro.sources.ss12000.columns import NotAColumnError, bad_field, empty
from narvaro.sources.ss12000.context import Context
from narvaro.sources.ss12000.deletions import deletions_batch, deletions_question
from narvaro.sources.ss12000.paging import Question
from narvaro.sources.ss12000.reading import Reader, Rows, Window
from narvaro.sources.ss12000.refusals import NotServedError
from narvaro.sources.ss12000.times import NotATimeError, wire_time

RowType = TypeVar("RowType", bound=wire.Row)
Convert = Callable[[Any, Context], pa.RecordBatch]
Batches = Iterator[tuple[str, pa.RecordBatch]]

# A register or timetable vendor need not serve these; every other resource must be there.
OPTIONAL = frozenset({"/deletedEntities", "/syllabuses", "/absences", "/grades"})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Resource:
    """One list of the standard and the entities that are made of it."""

    path: str
    row_type: type[Any]
    makes: tuple[tuple[str, Convert], ...]


_SCHOOL_UNITS = Resource("/organisations", wire.Organisation, (("school_units", teaching.school_units),))
_ACTIVITIES = Resource("/activities", wire.Activity, (("activities", teaching.activities),))
_PERSONS = Resource("/persons", wire.Person, (("pupils", people.pupils), ("enrolments", people.enrolments)))
_GROUPS = Resource("/groups", wire.Group, (("group_memberships", people.group_memberships),))
_LESSONS = Resource("/calendarEvents", wire.CalendarEvent, (("lessons", teaching.lessons),))
ATTENDANCES = Resource("/attendances", wire.Attendance, (("attendances", register.attendances),))
_NOTICES = Resource("/absences", wire.Absence, (("absence_notices", register.absence_notices),))
_GRADES = Resource("/grades", wire.Grade, (("grades", register.grades),))


@dataclass(slots=True)
class Connector:
    """One source, ready to be read; close it or use it as a context."""

    reader: Reader
    context: Context
    overlap: timedelta
    not_served: set[str] = field(default_factory=set)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the source."""
        self.reader.walker.transport.close()

    @property
    def server_date(self) -> datetime | None:
        """The source's own clock when it answered first; None before that or when it tells none."""
        return self.reader.walker.transport.server_date

    def read(self, cursors: Mapping[str, datetime | None], until: datetime, school_year: tuple[date, date]) -> Batches:
        """Give everything that changed after the cursors and up to `until`, deletions first.

        Every entity of the contract comes at least once, perhaps without rows.

        Raises:
            SourceError: the source does not answer, or asks to wait (SourceBusyError).
            SourceDeniedError: the source refuses our client.
            SourceShapeError: the source answers in another shape than agreed.
        """
        for entity in ENTITIES:
            yield entity, empty(entity)
        yield from self._deletions(self._after(cursors, "deletions"))
        yield from self._all(_SCHOOL_UNITS)
        self._read_syllabuses()
        yield from self._all(_ACTIVITIES)
        is_pupil = (("relationship.entity.type", "enrolment"),)
        yield from self.changed(_PERSONS, self._window(cursors, until, "pupils", "enrolments"), filters=is_pupil)
        yield from self.changed(_GROUPS, self._window(cursors, until, "group_memberships"))
        yield from self._lessons(self._window(cursors, until, "lessons"), school_year)
        yield from self.changed(ATTENDANCES, self._window(cursors, until, "attendances"))
        yield from self.changed(_NOTICES, self._window(cursors, until, "absence_notices"))
        yield from self.changed(_GRADES, self._window(cursors, until, "grades"))

    def _after(self, cursors: Mapping[str, datetime | None], *entities: str) -> datetime | None:
        """Give the moment to read from: the earliest cursor less the overlap, None when one has none."""
        moments = [cursors.get(entity) for entity in entities]
        known = [moment for moment in moments if moment is not None]
        return min(known) - self.overlap if len(known) == len(moments) else None

    def _window(self, cursors: Mapping[str, datetime | None], until: datetime, *entities: str) -> Window:
        """Give the span of changes to ask for."""
        return Window(self._after(cursors, *entities), until)

    def _all(self, resource: Resource) -> Batches:
        """Read a resource whole, as it stands."""
        return self._batches(resource, Question(resource.path), None)

    def changed(self, resource: Resource, window: Window, filters: tuple[tuple[str, str], ...] = ()) -> Batches:
        """Read what changed in a resource."""
        return self._batches(resource, Question(resource.path, (*filters, *window.filters())), window)

    def _lessons(self, window: Window, school_year: tuple[date, date]) -> Batches:
        """Read what changed among the school year's lessons, and refuse lessons outside it."""
        first, last = (
            datetime.combine(school_year[0], time.min, self.context.timezone),
            datetime.combine(school_year[1] + timedelta(days=1), time.min, self.context.timezone),
        )
        span = (("startTime.onOrAfter", wire_time(first)), ("startTime.onOrBefore", wire_time(last)))
        for entity, batch in self._batches(_LESSONS, Question(_LESSONS.path, window.filters(), required=span), window):
            ends = pc.min_max(batch.column("started_at")).as_py()
            if ends["min"] is not None and not (first <= ends["min"] and ends["max"] <= last):
                where = self.reader.walker.transport.where(_LESSONS.path)
                message = (
                    f"{where}: lessons outside the asked span of startTime, so others may be lost. See resend_filters."
                )
                raise SourceShapeError(message)
            yield entity, batch

    def _batches(self, resource: Resource, question: Question, window: Window | None) -> Batches:
        """Read one resource as batches of its entities."""
        where = self.reader.walker.transport.where(resource.path)
        for page in self._pages(question, resource.row_type, window):
            rows = people.pupils_only(page) if resource is _PERSONS else page
            for entity, convert in resource.makes:
                try:
                    batch = convert(rows, self.context)
                except (NotATimeError, NotAColumnError) as error:
                    raise bad_field(where, error) from None
                yield entity, batch

    def _pages(self, question: Question, row_type: type[RowType], window: Window | None) -> Iterator[Rows[RowType]]:
        """Read a resource, or nothing when it is optional and not served."""
        has_begun = False
        try:
            for page in self.reader.read(question, row_type, window):
                has_begun = True
                yield page
        except NotServedError:
            if has_begun or question.resource not in OPTIONAL:
                raise
            self._note_absence(question.resource)

    def _read_syllabuses(self) -> None:
        """Read what is taught, for the activities and grades that refer to it."""
        for page in self._pages(Question("/syllabuses"), wire.Syllabus, None):
            self.context.syllabuses.update((row.id, row) for row in page.rows)

    def _deletions(self, after: datetime | None) -> Batches:
        """Read what was deleted; nothing on a first read, which sees only what is there."""
        if after is None:
            return
        question = deletions_question(after)
        where = self.reader.walker.transport.where(question.resource)
        try:
            for page in self.reader.walker.walk(question):
                yield "deletions", deletions_batch(page.body, self.context, where)
        except NotServedError:
            self._note_absence(question.resource)

    def _note_absence(self, resource: str) -> None:
        """Remember that the source does not serve an optional resource."""
        self.not_served.add(resource)
        _log.warning("%s is not served; going on without it", self.reader.walker.transport.where(resource))
