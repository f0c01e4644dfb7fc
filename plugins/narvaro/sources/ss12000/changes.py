"""A span of changes: how it is asked for, and that every row lies in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from narvaro.errors import SourceShapeError
from narvaro.sources.ss12000.gathering import Gathered
from narvaro.sources.ss12000.times import TIME, wire_time


class ForgottenFilterError(Exception):
    """A page that was asked for by its token holds rows that the filters should have kept away."""


@dataclass(frozen=True, slots=True)
class Window:
    """A span of changes: later than `after` (None: from the beginning), up to and including `until`.

    A server that ignores offsets reads both an hour or two off: with `slack` the span is asked for
    so much wider, and rows may lie so far outside of that.
    """

    after: datetime | None
    until: datetime
    slack: timedelta = timedelta()

    def filters(self) -> tuple[tuple[str, str], ...]:
        """Give the window as the standard's filters, of which `after` is exclusive and `before` inclusive."""
        after = (("meta.modified.after", wire_time(self.after - self.slack)),) if self.after else ()
        return (*after, ("meta.modified.before", wire_time(self.until + self.slack)))


def check_window(modified: pa.Array, window: Window, where: str, gathered: Gathered[Any]) -> None:
    """Refuse rows that the filter should have kept away: where some came, others may be lost."""
    is_outside = pc.greater(modified, pa.scalar(window.until + 2 * window.slack, TIME))
    if window.after is not None:
        is_outside = pc.or_(is_outside, pc.less_equal(modified, pa.scalar(window.after - 2 * window.slack, TIME)))
    place: int = pc.index(is_outside, pa.scalar(value=True)).as_py()
    if place < 0:
        return
    number = gathered.page_of(place)
    if number == 1:
        message = (
            f"{where}: rows outside the asked span of meta.modified. The server ignores the filter; ask the owner. "
            "Where its times come without an offset, see naive_timezone of the source."
        )
    else:
        message = (
            f"{where}: page {number} holds rows outside the asked span of meta.modified, so its token forgot "
            "the filter and rows may be lost. Set resend_filters of the source to always."
        )
        raise ForgottenFilterError(message)
    raise SourceShapeError(message)
