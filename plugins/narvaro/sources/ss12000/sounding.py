"""A list's beginning, asked for once more with other pages: what is lost at the ends of pages shows between the two."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from narvaro.errors import ShortPullError, SourceDeniedError, SourceShapeError
from narvaro.sources.ss12000.changes import Window
from narvaro.sources.ss12000.decode import RowDecoder
from narvaro.sources.ss12000.lookup import LIST_OF_ENTITY
from narvaro.sources.ss12000.movement import has_moved
from narvaro.sources.ss12000.paging import Question, Walker
from narvaro.sources.ss12000.seen import Fingerprints, SeenRows, fingerprints
from narvaro.sources.ss12000.times import TIME, NotATimeError, utc_times

# A list of few pages is asked for to its end; of a longer one the beginning must do.
_FEW, _OF_MANY = 12, 2
# Other pages of few are not many more: a server that cuts first and filters afterwards sends hundreds.
_MOST = 3 * _FEW


@dataclass(slots=True)
class Beginning:
    """What the first pages of a walk held."""

    prints: list[Fingerprints] = field(default_factory=list)
    first_rows: int = 0
    pages: int = 0

    def note(self, prints: Fingerprints, ends: list[tuple[int, int]]) -> None:
        """Take note of some pages' rows."""
        number, rows = ends[0]
        if number == 1:
            self.first_rows = rows
        # A walk that an earlier run began is not seen from its beginning.
        self.pages = ends[-1][0]
        if self.is_few:
            self.prints.append(prints)

    def clear(self) -> None:
        """Forget a walk that counts no more."""
        self.prints, self.first_rows, self.pages = [], 0, 0

    @property
    def is_few(self) -> bool:
        """Whether the list has few pages."""
        return self.pages <= _FEW

    @property
    def other_limit(self) -> int:
        """Rows on a page so that pages end elsewhere than at the first look."""
        return max(1, self.first_rows * 2 // 3 if self.pages > 1 else self.first_rows // 2 + 1)


@dataclass(frozen=True, slots=True)
class Sounding:
    """A second look at the beginning of a list that has been walked to its end."""

    walker: Walker
    question: Question
    window: Window | None
    naive_timezone: ZoneInfo

    def check(self, decoder: RowDecoder, beginning: Beginning, seen: SeenRows) -> None:
        """Refuse a list of which other pages hold other rows.

        Raises:
            ShortPullError: rows are lost at the ends of pages.
            SourceError: the source does not answer.
        """
        if not beginning.first_rows:
            return
        try:
            rows, is_whole = self._rows(decoder, beginning)
            texts = [row.meta.modified if row.meta else None for row in rows]
            modified = utc_times(texts, self.naive_timezone, "meta.modified")
        except (SourceShapeError, SourceDeniedError, NotATimeError):
            # Tokens that were not needed before and are refused now, say: the list itself was read to its end.
            return
        if self._is_elsewhere(modified):
            return
        prints = fingerprints([row.id for row in rows], modified)
        foreign = int((seen.are_new(prints) & ~self._is_later(modified)).sum())
        lost = 0
        if is_whole:
            lost = len(np.setdiff1d(np.concatenate(beginning.prints), prints))
            lost = 0 if lost and self._has_moved() else lost
        if foreign or lost:
            self._refuse(foreign or lost)

    def _rows(self, decoder: RowDecoder, beginning: Beginning) -> tuple[list[Any], bool]:
        """Give the rows of the first pages, and whether they are all there are."""
        other = replace(self.walker, page_size=beginning.other_limit, _limits={})
        rows: list[Any] = []
        is_whole = False
        for page in islice(other.one_by_one(self.question), _MOST if beginning.is_few else _OF_MANY):
            rows += decoder.rows(page.body)
            is_whole = page.place is None and beginning.is_few
        return rows, is_whole

    def _is_elsewhere(self, modified: pa.Array) -> bool:
        """Tell whether rows lie outside the asked span: tokens that forget their filters prove nothing here."""
        if self.window is None or self.window.after is None:
            return False
        after = pa.scalar(self.window.after - 2 * self.window.slack, TIME)
        return bool(pc.any(pc.less_equal(modified, after)).as_py())

    def _is_later(self, modified: pa.Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Tell which rows have changed since the list was walked."""
        since = self._since
        if since is None:
            return np.zeros(len(modified), np.bool_)
        is_later = pc.fill_null(pc.greater(modified, pa.scalar(since, TIME)), fill_value=False)
        return np.asarray(is_later.to_numpy(zero_copy_only=False), np.bool_)

    @property
    def _since(self) -> datetime | None:
        """The moment from which a change cannot have been in the walk."""
        known = [self.window.until if self.window else None, self.walker.transport.server_date]
        return max(filter(None, known), default=None)

    def _has_moved(self) -> bool:
        """Tell whether rows have left the list since."""
        since = self._since
        return since is not None and has_moved(self.walker.transport, self.question, since, self.naive_timezone)

    def _refuse(self, count: int) -> None:
        """Refuse the list."""
        path = self.question.resource
        entity = next((name for name, resource in LIST_OF_ENTITY.items() if resource == path), path.strip("/"))
        message = (
            f"{self.walker.transport.where(path)}: a short pull: asked for once more with other pages, the list holds "
            f"{count} rows otherwise, so rows are lost at the ends of pages. Ask the owner to mend paging, or lower "
            "page_size of the source."
        )
        raise ShortPullError(message, left_out={entity: count})
