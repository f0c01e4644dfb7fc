"""The rows of one resource, checked against what was asked for and each given once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from narvaro.errors import SourceShapeError
from narvaro.sources.ss12000.columns import bad_field
from narvaro.sources.ss12000.decode import RowDecoder
from narvaro.sources.ss12000.paging import Page, Question, Walker
from narvaro.sources.ss12000.seen import Fingerprints, SeenRows
from narvaro.sources.ss12000.times import TIME, NotATimeError, utc_times, wire_time
from narvaro.sources.ss12000.wire import Row

RowType = TypeVar("RowType", bound=Row)

# Arrow calls cost the same for one row as for thousands; more would only cost memory.
_WORTH_A_BATCH = 4_096
_MOST_PAGES = 16
_NO_TIME = -(2**62)
_MIXING = np.int64(0x1E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Window:
    """A span of changes: later than `after` (None: from the beginning), up to and including `until`."""

    after: datetime | None
    until: datetime

    def filters(self) -> tuple[tuple[str, str], ...]:
        """Give the window as the standard's filters, of which `after` is exclusive and `before` inclusive."""
        after = (("meta.modified.after", wire_time(self.after)),) if self.after else ()
        return (*after, ("meta.modified.before", wire_time(self.until)))


@dataclass(frozen=True, slots=True)
class Rows(Generic[RowType]):
    """Rows of a page that have not come before, and when each was last changed."""

    rows: list[RowType]
    modified: pa.Array


@dataclass(frozen=True, slots=True)
class _Gathered(Generic[RowType]):
    """Rows of several pages, and after how many of them each page ends."""

    rows: list[RowType]
    ends: list[tuple[int, int]]
    is_restarted: bool

    def page_of(self, place: int) -> int:
        """Give the number of the page that a row came on."""
        return next(number for number, end in self.ends if place < end)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads resources of one source."""

    walker: Walker
    naive_timezone: ZoneInfo

    def read(
        self, question: Question, row_type: type[RowType], window: Window | None = None
    ) -> Iterator[Rows[RowType]]:
        """Give the rows of a resource, some pages at a time.

        Raises:
            SourceShapeError: a row lies outside the window, is of the wrong shape, or pages repeat.
        """
        where = self.walker.transport.where(question.resource)
        seen = SeenRows()
        for gathered in _gather(self.walker.walk(question), RowDecoder(row_type, where)):
            if not gathered.rows:
                continue
            texts = [row.meta.modified if row.meta else None for row in gathered.rows]
            try:
                modified = utc_times(texts, self.naive_timezone, "meta.modified")
            except NotATimeError as error:
                raise bad_field(where, error) from None
            if window is not None:
                _check_window(modified, window, where, gathered)
            are_new = seen.are_new(_fingerprints(gathered.rows, modified))
            if are_new.all():
                yield Rows(gathered.rows, modified)
                continue
            if not gathered.is_restarted:
                _check_progress(are_new, where, gathered)
            places = np.flatnonzero(are_new)
            yield Rows([gathered.rows[place] for place in places], modified.take(pa.array(places)))


def _gather(pages: Iterator[Page], decoder: RowDecoder) -> Iterator[_Gathered[Any]]:
    """Put pages together until there are enough rows to be worth a batch."""
    rows: list[Any] = []
    ends: list[tuple[int, int]] = []
    is_restarted = False
    for page in pages:
        is_full = len(rows) >= _WORTH_A_BATCH or len(ends) >= _MOST_PAGES
        if ends and (is_full or page.is_restarted != is_restarted):
            yield _Gathered(rows, ends, is_restarted)
            rows, ends = [], []
        is_restarted = page.is_restarted
        rows += decoder.rows(page.body)
        ends.append((page.number, len(rows)))
    if rows:
        yield _Gathered(rows, ends, is_restarted)


def _fingerprints(rows: list[Any], modified: pa.Array) -> Fingerprints:
    """Give a number for each row's id and time of change; an odd factor keeps all times of one id apart."""
    ids = np.fromiter(map(hash, [row.id for row in rows]), np.int64, len(rows))
    times = modified.cast(pa.int64()).fill_null(_NO_TIME).to_numpy(zero_copy_only=False)
    fingerprints: Fingerprints = ids + times * _MIXING
    return fingerprints


def _check_progress(are_new: npt.NDArray[np.bool_], where: str, gathered: _Gathered[Any]) -> None:
    """Refuse a page that holds nothing new: its server walks in circles."""
    start = 0
    for number, end in gathered.ends:
        if end > start and not are_new[start:end].any():
            message = f"{where}: page {number} holds only rows of earlier pages. Ask the owner to mend paging."
            raise SourceShapeError(message)
        start = end


def _check_window(modified: pa.Array, window: Window, where: str, gathered: _Gathered[Any]) -> None:
    """Refuse rows that the filter should have kept away: where some came, others may be lost."""
    is_outside = pc.greater(modified, pa.scalar(window.until, TIME))
    if window.after is not None:
        is_outside = pc.or_(is_outside, pc.less_equal(modified, pa.scalar(window.after, TIME)))
    place: int = pc.index(is_outside, pa.scalar(value=True)).as_py()
    if place < 0:
        return
    number = gathered.page_of(place)
    if number == 1:
        message = (
            f"{where}: rows outside the asked span of meta.modified. The server ignores the filter; ask the owner."
        )
    else:
        message = (
            f"{where}: page {number} holds rows outside the asked span of meta.modified, so its token forgot "
            "the filter and rows may be lost. Set resend_filters of the source to always."
        )
    raise SourceShapeError(message)
