"""Reads one SS 12000 source for one night, telling rows and how far it has come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import TracebackType
from typing import Self

from narvaro.sources.contract import ENTITIES, RECORD_ID
from narvaro.sources.progress import Anew, Confirmed, Given, Mark, Reading, Resumption, Step, Wanted
from narvaro.sources.ss12000.columns import bad_field, empty
from narvaro.sources.ss12000.context import Context
from narvaro.sources.ss12000.deletions import Told
from narvaro.sources.ss12000.lists import CHANGING, DELETED
from narvaro.sources.ss12000.lookup import LIST_OF_ENTITY, Lookup
from narvaro.sources.ss12000.night import Kept, Night, Walk
from narvaro.sources.ss12000.owed import ROW_TYPES, Span, owed
from narvaro.sources.ss12000.reading import Reader, Start
from narvaro.sources.ss12000.seen import seen_rows
from narvaro.sources.ss12000.times import NotATimeError
from narvaro.sources.ss12000.wire import Row

FROM_THE_BEGINNING = Reading("cursor")


@dataclass(slots=True)
class Connector:
    """One source, ready to be read; close it or use it as a context.

    `expected` are the lists that it is known to serve: one of them that is gone is an error.
    `absent` are those that it is known not to: that they are refused stops no night. After a read `not_served`
    names the lists that it did not serve, and `without_meta` those with rows without a time of change.
    `kept` gives columns of the rows that an earlier run has landed, by list and entity. `slack` is
    how far off it may read the times of our filters.
    """

    reader: Reader
    context: Context
    expected: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    kept: Kept | None = None
    slack: timedelta = timedelta()
    not_served: set[str] = field(default_factory=set)
    without_meta: set[str] = field(default_factory=set)

    def __enter__(self) -> Self:
        self.reader.walker.transport.begin()
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

    def living(self, entity: str, ids: Sequence[str]) -> set[str] | None:
        """Give the ids, in the source's own form, of objects that it still has; None when it cannot be asked."""
        return Lookup(self.reader.walker.transport).living(entity, ids)

    def confirm(self, wanted: Wanted) -> Confirmed:
        """Ask the source for records that its lists have not told of, by their landed ids.

        Raises:
            SourceError: the source does not answer.
            SourceShapeError: an object is in another shape than agreed.
        """
        names = self._own_ids(wanted.entity, [*wanted.ids, *wanted.witnesses])
        asked = {own_id.lower(): landed for landed in wanted.ids if (own_id := names.get(landed))}
        unknown = frozenset(wanted.ids) - frozenset(asked.values())
        if not asked:
            return Confirmed(not_asked=unknown)
        witnesses = [names[landed] for landed in wanted.witnesses if landed in names]
        lookup = Lookup(self.reader.walker.transport)
        row_type = ROW_TYPES.get(wanted.entity, Row)
        rows = lookup.objects(wanted.entity, [names[each] for each in asked.values()], row_type, witnesses)
        if rows is None:
            return Confirmed(not_asked=frozenset(wanted.ids))
        span = Span(wanted.until, wanted.school_year, self.context.timezone, self.context.naive_timezone, self.slack)
        try:
            left_out = frozenset(asked[own_id] for own_id in owed(wanted.entity, rows, span))
        except NotATimeError as error:
            raise bad_field(self.reader.walker.transport.where(LIST_OF_ENTITY[wanted.entity]), error) from None
        living = frozenset(asked[row.id.lower()] for row in rows)
        return Confirmed(left_out, living - left_out, frozenset(asked.values()) - living, unknown)

    def _own_ids(self, entity: str, ids: Sequence[str]) -> dict[str, str]:
        """Give the source's own ids by landed ids, as far as this reading knows them."""
        if entity == "pupils":
            return self.context.pseudonymiser.own_ids(frozenset(ids))
        return {record_id: record_id for record_id in ids}

    def read(
        self,
        readings: Mapping[str, Reading],
        until: datetime,
        school_year: tuple[date, date],
        *,
        resumption: Resumption | None = None,
        control_span: tuple[date, date] | None = None,
    ) -> Iterator[Step]:
        """Give what the readings ask for, up to `until`.

        Every entity of the contract comes at least once, perhaps without rows. A list that the
        readings do not name is read from the beginning. Deletions are asked for first and given
        last, less those whose records turn out to live: so they are read again by every run.

        Args:
            readings: how each list is read, by path; see `plan_night`.
            until: the night's upper bound.
            school_year: the first and last day of the lessons to read.
            resumption: where an earlier run of the same readings ended.
            control_span: the weeks whose sums are read, none when None.

        Raises:
            SourceError: the source does not answer, or asks to wait (SourceBusyError).
            SourceDeniedError: the source refuses our client.
            SourceShapeError: the source answers in another shape than agreed.
        """
        resumption = resumption or Resumption()
        for entity in ENTITIES:
            yield Given(entity, empty(entity))
        night = Night(self.reader, self.context, until, school_year, self.expected, self.absent, self.kept, self.slack)
        night.not_served, night.without_meta = self.not_served, self.without_meta
        told = Told(self.context)
        night.hear_deletions(told, readings.get(DELETED, FROM_THE_BEGINNING).after)
        night.read_syllabuses()
        ways = {resource.path: readings.get(resource.path, FROM_THE_BEGINNING) for resource in CHANGING}
        for walk in night.walks({**readings, **ways}, control_span):
            if walk.path not in resumption.complete:
                yield from self._steps(walk, resumption, told)
        told.forget_confirmed(self.living)
        if DELETED in resumption.complete:
            yield Anew(DELETED, ("deletions",))
        yield Given("deletions", told.batch())
        yield Mark(DELETED, ("deletions",), None, 0)

    def _steps(self, walk: Walk, resumption: Resumption, told: Told) -> Iterator[Step]:
        """Read one list, from its beginning or where an earlier run has left it."""
        start = self._start(resumption, walk)
        if resumption.resource == walk.path and start is None:
            yield Anew(walk.path, walk.entities)
        for step in walk.steps(start):
            if isinstance(step, Given):
                told.forget_living(step.entity, step.batch)
            yield step
        # The next run must find out by itself what is not served.
        if walk.path not in self.not_served:
            yield Mark(walk.path, walk.entities, None, 0)

    def _start(self, resumption: Resumption, walk: Walk) -> Start | None:
        """Give where a walk goes on, None from its beginning."""
        if resumption.resource != walk.path or resumption.token is None or self.kept is None or not walk.is_resumable:
            return None
        (entity,) = walk.entities
        kept = self.kept(walk.path, entity, (RECORD_ID[entity], "_source_modified_at"))
        return Start(resumption.token, resumption.page, seen_rows(kept))
