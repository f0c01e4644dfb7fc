"""The walks of one night: which lists are read, in which order, and how."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import pyarrow as pa

from narvaro.errors import NarvaroError, SourceDeniedError, SourceShapeError
from narvaro.sources.contract import RECORD_ID
from narvaro.sources.progress import Anew, Given, Mark, Reading, Step
from narvaro.sources.ss12000 import people, register, teaching, wire
from narvaro.sources.ss12000.aggregated import AGGREGATED, weekly_sums
from narvaro.sources.ss12000.changes import Window
from narvaro.sources.ss12000.columns import NotAColumnError, bad_field
from narvaro.sources.ss12000.context import Context
from narvaro.sources.ss12000.deletions import Told, deletions_question
from narvaro.sources.ss12000.hours import LessonTimes
from narvaro.sources.ss12000.lists import (
    ATTENDANCES,
    CHANGING,
    DELETED,
    LESSONS,
    PERSONS,
    STANDING,
    SYLLABUSES,
    Convert,
    Resource,
)
from narvaro.sources.ss12000.lookup import Lookup
from narvaro.sources.ss12000.paging import Question
from narvaro.sources.ss12000.plan import WINDOW
from narvaro.sources.ss12000.reading import Reader, Rows, Start
from narvaro.sources.ss12000.refusals import NotServedError
from narvaro.sources.ss12000.seen import seen_rows
from narvaro.sources.ss12000.times import NotATimeError
from narvaro.sources.ss12000.windows import NewRows, RegisterWindow, Span, school_year_span

RowType = TypeVar("RowType", bound=wire.Row)

# Columns of the rows that have landed tonight, by list and entity.
Kept = Callable[[str, str, Sequence[str]], Iterable[pa.RecordBatch]]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Walk:
    """One thing to read: its name, what it gives, and how to."""

    path: str
    entities: tuple[str, ...]
    steps: Callable[[Start | None], Iterator[Step]]
    is_resumable: bool = False


@dataclass(slots=True)
class Night:
    """Reads the lists of one source in one night."""

    reader: Reader
    context: Context
    until: datetime
    school_year: tuple[date, date]
    expected: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    kept: Kept | None = None
    slack: timedelta = timedelta()
    not_served: set[str] = field(default_factory=set)
    without_meta: set[str] = field(default_factory=set)
    _times: LessonTimes = field(init=False)

    def __post_init__(self) -> None:
        """Begin without having seen a lesson."""
        self._times = LessonTimes(self.context)

    def walks(self, readings: Mapping[str, Reading], control_span: tuple[date, date] | None) -> Iterator[Walk]:
        """Give the walks in their order; what is read twice comes last as it stood last."""
        for resource in STANDING:
            yield self._walk(resource, Reading("full"))
        for resource in CHANGING:
            if readings[resource.path].mode != "window":
                yield self._walk(resource, readings[resource.path])
        window = readings.get(WINDOW)
        if window is not None:
            yield Walk(WINDOW, (*LESSONS.entities, *ATTENDANCES.entities), partial(self._window, window.after))
        if control_span is not None:
            yield Walk(AGGREGATED, ("aggregated_attendances",), partial(self._control, control_span))

    def hear_deletions(self, told: Told, after: datetime | None) -> None:
        """Read what was deleted; nothing on a first read, which sees only what is there."""
        if after is None:
            return
        question = deletions_question(after)
        try:
            for page in self.reader.walker.walk(question):
                told.hear(page.body, after, self._where(DELETED))
        except (NotServedError, SourceDeniedError) as error:
            if not self._is_foreseen(DELETED, error):
                raise
            self._note_absence(DELETED)

    def read_syllabuses(self) -> None:
        """Read what is taught, for the activities and grades that refer to it."""
        for page in self._pages(SYLLABUSES, Question(SYLLABUSES.path)):
            self.context.syllabuses.update((row.id, row) for row in page.rows)

    def _walk(self, resource: Resource, reading: Reading) -> Walk:
        """Give the walk through a list."""
        steps = self._lessons if resource is LESSONS else self._list
        return Walk(resource.path, resource.entities, partial(steps, resource, reading), resource.is_resumable)

    def _list(
        self, resource: Resource, reading: Reading, start: Start | None, *, span: Span | None = None
    ) -> Iterator[Step]:
        """Read a list by time of change or whole, page by page."""
        window = Window(reading.after, self.until, self.slack) if reading.mode == "cursor" else None
        filters = (*resource.filters, *(window.filters() if window else ()))
        question = Question(resource.path, filters, required=span.filters if span else ())
        for page in self._pages(resource, question, window, start):
            if page.is_anew:
                yield Anew(resource.path, resource.entities)
            if page.modified.null_count:
                self.without_meta.add(resource.path)
            rows = people.pupils_only(page) if resource is PERSONS else page
            for entity, convert in resource.makes:
                yield Given(entity, self._converted(convert, rows, resource.path), page.repeated)
            if resource.is_resumable and page.place is not None:
                yield Mark(resource.path, resource.entities, page.place.text, page.place.page)

    def _lessons(self, resource: Resource, reading: Reading, start: Start | None) -> Iterator[Step]:
        """Read the school year's lessons; anew and whole when their times of change turn out to mean nothing."""
        span = school_year_span(self.school_year, self.context.timezone)
        resource = replace(resource, makes=(("lessons", partial(self._lesson_batch, span)),))
        yield from self._list(resource, reading, start, span=span)
        if self._times.modified_is_start and reading.mode == "cursor":
            _log.warning("%s: meta.modified is the lesson's start; reading all lessons", self._where(resource.path))
            yield Anew(resource.path, resource.entities)
            # A later run begins with the first walk: it could not go on in this one.
            whole = replace(resource, is_resumable=False)
            yield from self._list(whole, Reading("full"), None, span=span)
        self._times.check(self._where(resource.path))

    def _lesson_batch(self, span: Span, page: Rows[wire.CalendarEvent], context: Context) -> pa.RecordBatch:
        """Give the lessons of a page, seen to lie where they should."""
        batch = teaching.lessons(page, context)
        span.check(batch.column("started_at"), self._where(LESSONS.path))
        self._times.note([row.start_time for row in page.rows], batch)
        if not self._times.modified_is_start:
            return batch
        # A time that is not one of change would make an older version of a moved lesson the newest.
        place = batch.schema.get_field_index("source_modified_at")
        return batch.set_column(place, batch.schema.field(place), pa.nulls(batch.num_rows, batch.column(place).type))

    def _window(self, first: datetime | None, _start: Start | None) -> Iterator[Step]:
        """Read the lessons of a span of days, with their registers."""
        year = school_year_span(self.school_year, self.context.timezone)
        span = Span(first or year.first, self.until)
        lessons, registers = self._unseen(LESSONS), self._unseen(ATTENDANCES)
        window = RegisterWindow(self.reader, Lookup(self.reader.walker.transport), span)
        for page, register_pages in window.pages():
            if page.is_anew:
                yield Anew(WINDOW, (*LESSONS.entities, *ATTENDANCES.entities))
                lessons, registers = self._unseen(LESSONS), self._unseen(ATTENDANCES)
            new = lessons.new_of(page, has_times=not self._times.modified_is_start)
            yield Given("lessons", self._converted(partial(self._lesson_batch, span), new, LESSONS.path))
            for rows in register_pages:
                batch = self._converted(register.attendances, registers.new_of(rows), ATTENDANCES.path)
                yield Given("attendances", batch)
        self._times.check(self._where(LESSONS.path))

    def _unseen(self, resource: Resource) -> NewRows:
        """Give what leaves out the rows that a list has landed tonight."""
        (entity,) = resource.entities
        columns = (RECORD_ID[entity], "_source_modified_at")
        return NewRows(seen_rows(self.kept(resource.path, entity, columns) if self.kept else ()))

    def _control(self, control_span: tuple[date, date], _start: Start | None) -> Iterator[Step]:
        """Read the source's own sums; where they cannot be had there is nothing to hold the registers against."""
        try:
            batches = list(weekly_sums(self.reader.walker, self.context, control_span))
        except (SourceShapeError, SourceDeniedError) as error:
            self.not_served.add(AGGREGATED)
            _log.warning("no control totals: %s", error)
            return
        for batch in batches:
            yield Given("aggregated_attendances", batch)

    def _converted(self, convert: Convert, rows: Rows[Any], path: str) -> pa.RecordBatch:
        """Give the canonical batch of some rows."""
        try:
            return convert(rows, self.context)
        except (NotATimeError, NotAColumnError) as error:
            raise bad_field(self._where(path), error) from None

    def _pages(
        self,
        resource: Resource,
        question: Question,
        window: Window | None = None,
        start: Start | None = None,
    ) -> Iterator[Rows[Any]]:
        """Read a list, or nothing when it is optional and not served."""
        has_begun = start is not None
        try:
            for page in self.reader.read(question, resource.row_type, window, start=start):
                has_begun = True
                yield page
        except (NotServedError, SourceDeniedError) as error:
            if has_begun or not resource.is_optional or not self._is_foreseen(resource.path, error):
                raise
            self._note_absence(resource.path)

    def _is_foreseen(self, path: str, error: NarvaroError) -> bool:
        """Tell whether a list may be kept from us; it is asked for all the same, should it be there after all."""
        if isinstance(error, SourceDeniedError):
            return path in self.absent
        return path not in self.expected

    def _note_absence(self, path: str) -> None:
        """Remember that the source does not serve an optional list."""
        self.not_served.add(path)
        _log.warning("%s is not served; going on without it", self._where(path))

    def _where(self, path: str) -> str:
        """Name a list of this source, for errors."""
        return self.reader.walker.transport.where(path)
