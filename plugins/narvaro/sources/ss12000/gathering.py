"""Pages put together until they are worth a batch, and whether each of them brings anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from narvaro.errors import SourceShapeError
from narvaro.sources.ss12000.decode import RowDecoder
from narvaro.sources.ss12000.paging import Page
from narvaro.sources.ss12000.place import Place
from narvaro.sources.ss12000.seen import Fingerprints
from narvaro.sources.ss12000.wire import Row

RowType = TypeVar("RowType", bound=Row)

# Arrow calls cost the same for one row as for thousands; more would only cost memory.
_WORTH_A_BATCH = 4_096
PAGES_A_BATCH = 16


class BeginAnewError(Exception):
    """Only a walk from its beginning can be trusted."""


@dataclass(frozen=True, slots=True)
class Gathered(Generic[RowType]):
    """Rows of several pages, and after how many of them each page ends."""

    rows: list[RowType]
    ends: list[tuple[int, int]]
    place: Place | None
    is_anew: bool
    smaller: frozenset[int] = frozenset()

    def page_of(self, place: int) -> int:
        """Give the number of the page that a row came on."""
        return next(number for number, end in self.ends if place < end)


def gather(pages: Iterator[Page], decoder: RowDecoder) -> Iterator[Gathered[Any]]:
    """Put pages together until there are enough rows to be worth a batch."""
    rows: list[Any] = []
    ends: list[tuple[int, int]] = []
    is_anew, place = False, None
    smaller: set[int] = set()
    for page in pages:
        if page.is_anew:
            rows, ends, is_anew = [], [], True
        elif ends and (len(rows) >= _WORTH_A_BATCH or len(ends) >= PAGES_A_BATCH):
            yield Gathered(rows, ends, place, is_anew, frozenset(smaller))
            rows, ends, is_anew = [], [], False
        if page.is_smaller:
            smaller.add(page.number)
        rows += decoder.rows(page.body)
        ends.append((page.number, len(rows)))
        place = page.place
    if rows or is_anew:
        yield Gathered(rows, ends, place, is_anew, frozenset(smaller))


def check_progress(are_new: npt.NDArray[np.bool_], where: str, gathered: Gathered[Any]) -> None:
    """Refuse a page that holds nothing new: its server walks in circles."""
    start = 0
    for number, end in gathered.ends:
        if end > start and not are_new[start:end].any():
            if number in gathered.smaller:
                # A token that counts pages leads back when the pages become smaller.
                raise BeginAnewError
            message = f"{where}: page {number} holds only rows of earlier pages. Ask the owner to mend paging."
            raise SourceShapeError(message)
        start = end


def crossing_rows(are_first: npt.NDArray[np.bool_], prints: Fingerprints, gathered: Gathered[Any]) -> int:
    """Count the rows that had come on an earlier page of their walk; twice on one page is only a slip."""
    count = start = 0
    for _, end in gathered.ends:
        count += len(np.unique(prints[start:end])) - int(are_first[start:end].sum())
        start = end
    return count
