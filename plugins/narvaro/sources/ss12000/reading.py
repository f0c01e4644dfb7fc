"""The rows of one resource, checked against what was asked for and each given once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from narvaro.errors import SourceError, SourceShapeError
from narvaro.sources.ss12000.changes import ForgottenFilterError, Window, check_window
from narvaro.sources.ss12000.columns import bad_field
from narvaro.sources.ss12000.decode import RowDecoder
from narvaro.sources.ss12000.gathering import BeginAnewError, Gathered, check_progress, crossing_rows, gather
from narvaro.sources.ss12000.movement import has_moved
from narvaro.sources.ss12000.paging import Question, TokensRefusedError, Walker
from narvaro.sources.ss12000.place import Place
from narvaro.sources.ss12000.seen import SeenRows, fingerprints
from narvaro.sources.ss12000.sounding import Beginning, Sounding
from narvaro.sources.ss12000.times import TIME, NotATimeError, utc_times
from narvaro.sources.ss12000.wire import Row

RowType = TypeVar("RowType", bound=Row)

# Every beginning but the first has found something out, and there is little to find.
_MOST_BEGINNINGS = 16
_MOST_WALKS_AGAIN = 3
_FIELD = "meta.modified"


@dataclass(frozen=True, slots=True)
class Rows(Generic[RowType]):
    """Rows of some pages that have not come before, and when each was last changed.

    `place` is where a later run may go on after them, None at the end of the walk and where
    no later run may; `page` is the number of their last page. `is_anew` tells that the walk
    began again: what was given before counts no more. `repeated` rows had come before and were
    left out.
    """

    rows: list[RowType]
    modified: pa.Array
    place: Place | None = None
    page: int = 1
    is_anew: bool = False
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class Start:
    """Where an earlier run has left a walk: the text and page of a `place`, and the rows that it has kept."""

    text: str = field(repr=False)
    page: int
    seen: SeenRows


@dataclass(slots=True)
class _Task(Generic[RowType]):
    """What is read, in which shape and span, and what of it has come."""

    question: Question
    row_type: type[RowType]
    window: Window | None
    seen: SeenRows
    # Rows that came on two pages of one walk: the pages shift, or are in no order, and others may have slid past.
    crossing: int = 0
    beginning: Beginning = field(default_factory=Beginning)

    def begin_anew(self) -> None:
        """Forget what has come."""
        self.seen.clear()
        self.beginning.clear()


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads resources of one source."""

    walker: Walker
    naive_timezone: ZoneInfo
    looks_twice: bool = False

    def read(
        self,
        question: Question,
        row_type: type[RowType],
        window: Window | None = None,
        *,
        start: Start | None = None,
    ) -> Iterator[Rows[RowType]]:
        """Give the rows of a resource, some pages at a time.

        Args:
            question: what is asked.
            row_type: the shape of a row.
            window: the span of changes that every row must lie in.
            start: where an earlier run has left the walk.

        Raises:
            SourceShapeError: a row lies outside the window, is of the wrong shape, or pages repeat.
            ShortPullError: other pages hold other rows.
        """
        task = _Task(question, row_type, window, start.seen if start else SeenRows())
        last_page = 1
        for rows in self._begun(task, Place.from_text(start.text, start.page) if start else None):
            yield rows
            last_page = rows.page
        if last_page > 1:
            yield from self._slid(task)
        if self.looks_twice:
            decoder = RowDecoder(row_type, self.walker.transport.where(question.resource))
            Sounding(self.walker, question, window, self.naive_timezone).check(decoder, task.beginning, task.seen)

    def _begun(self, task: _Task[RowType], place: Place | None) -> Iterator[Rows[RowType]]:
        """Give the rows of a walk from a place, or from the beginning as often as something new is found out."""
        is_anew, reason = False, ""
        for _ in range(_MOST_BEGINNINGS):
            try:
                for rows in self._walk(task, place):
                    yield replace(rows, is_anew=rows.is_anew or is_anew)
                    is_anew = False
            except BeginAnewError:
                pass
            except ForgottenFilterError as error:
                if self.walker.resends_all(task.question):
                    raise SourceShapeError(str(error)) from None
                self.walker.resend_all(task.question)
                reason = str(error)
            except TokensRefusedError as error:
                raise SourceShapeError(reason or str(error)) from None
            else:
                if is_anew:
                    yield Rows([], pa.array([], TIME), is_anew=True)
                return
            is_anew, place = True, None
            task.begin_anew()
            task.crossing = 0
        message = (
            f"{self.walker.transport.where(task.question.resource)}: the walk had to begin {_MOST_BEGINNINGS} times. "
            "Wanted tokens that keep their filters and their place; ask the owner."
        )
        raise SourceShapeError(message)

    def _walk(
        self, task: _Task[RowType], place: Place | None = None, *, is_again: bool = False
    ) -> Iterator[Rows[RowType]]:
        """Give the rows of one walk that have not come before."""
        where = self.walker.transport.where(task.question.resource)
        walked = SeenRows() if is_again else None
        # Closed before another walk begins: pages fetched ahead would have a say in how that one asks.
        with closing(self.walker.walk(task.question, place)) as pages:
            for gathered in gather(pages, RowDecoder(task.row_type, where)):
                if gathered.is_anew:
                    task.begin_anew()
                yield self._checked(gathered, task, where, walked)

    def _slid(self, task: _Task[RowType]) -> Iterator[Rows[RowType]]:
        """Give the rows that slid past a walk while its list became shorter, by walking until there are none.

        Raises:
            SourceError: the list does not come to rest.
        """
        known = [task.window.until if task.window else None, self.walker.transport.server_date]
        since = max(filter(None, known), default=None)
        has_slid = since is not None and has_moved(self.walker.transport, task.question, since, self.naive_timezone)
        if not has_slid and not task.crossing:
            return
        for _ in range(_MOST_WALKS_AGAIN):
            slid = task.crossing = 0
            for rows in self._walk(task, is_again=True):
                # What has been changed meanwhile is new as well, but was not missed.
                changed: int = pc.sum(pc.greater(rows.modified, pa.scalar(since, TIME))).as_py() or 0
                slid += len(rows.rows) - changed
                if rows.rows or rows.is_anew:
                    yield replace(rows, place=None)
            if not slid and not task.crossing:
                return
        where = self.walker.transport.where(task.question.resource)
        if not slid:
            message = (
                f"{where}: {task.crossing} rows come on two pages of every walk, so others may be on none. "
                "Wanted pages cut from one steady order; ask the owner to mend paging."
            )
            raise SourceShapeError(message)
        message = (
            f"{where}: rows slide between pages while they are read. It is tried again later, when the data "
            "are at rest; ask the owner for page tokens that keep their place."
        )
        raise SourceError(message)

    def _checked(
        self, gathered: Gathered[RowType], task: _Task[RowType], where: str, walked: SeenRows | None
    ) -> Rows[RowType]:
        """Give the rows that have not come before, once all lie where they should; `walked` are a second walk's own."""
        rows = gathered.rows
        try:
            modified = utc_times([row.meta.modified if row.meta else None for row in rows], self.naive_timezone, _FIELD)
        except NotATimeError as error:
            raise bad_field(where, error) from None
        if task.window is not None:
            check_window(modified, task.window, where, gathered)
        prints = fingerprints([row.id for row in rows], modified)
        are_new = task.seen.are_new(prints)
        if walked is None:
            task.beginning.note(prints, gathered.ends)
        last_page = gathered.ends[-1][0]
        are_first = are_new if walked is None else walked.are_new(prints)
        if not are_first.all():
            task.crossing += crossing_rows(are_first, prints, gathered)
        if are_new.all():
            return Rows(rows, modified, gathered.place, last_page, gathered.is_anew)
        if walked is None:
            check_progress(are_new, where, gathered)
        places = np.flatnonzero(are_new)
        kept = [rows[place] for place in places]
        repeated = len(rows) - len(kept)
        return Rows(kept, modified.take(pa.array(places)), gathered.place, last_page, gathered.is_anew, repeated)
