"""Whether lessons lie in the school day, and whether their times of change mean anything."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from narvaro.errors import SourceShapeError
from narvaro.sources.ss12000.context import Context

_HAS_OFFSET = re.compile(r"(Z|[+-][0-9]{2}:?[0-9]{2})$", re.IGNORECASE)
# Fewer lessons than these say nothing of a source's clock.
_FEWEST = 50
_FEWEST_MODIFIED = 20
# Outside these hours hardly any school has lessons.
_FIRST_HOUR, _LAST_HOUR = 6, 20
_MOST_OUTSIDE = 0.05
# Nearly all lessons begin between these; another reading of the times that fits so much better is the right one.
_USUAL_FROM, _USUAL_TO = 7 * 60 + 45, 15 * 60
_CLEARLY_BETTER = 0.08
_ALMOST_ALL = 0.9
_MINUTES_IN_HOUR = 60


@dataclass(slots=True)
class LessonTimes:
    """What a night's lessons tell of their source's clock."""

    context: Context
    # Naive starts by the clock's reading, in whole minutes; a school has few different ones.
    _naive: Counter[datetime] = field(default_factory=Counter)
    _lessons: int = 0
    _modified_at_start: int = 0

    def note(self, starts: Sequence[str], batch: pa.RecordBatch) -> None:
        """Take in the lessons of a batch, with their starts as they were written."""
        self._lessons += batch.num_rows
        is_start = pc.equal(batch.column("source_modified_at"), batch.column("started_at"))
        self._modified_at_start += pc.sum(is_start).as_py() or 0
        self._naive.update(
            started
            for started, text in zip(batch.column("started_at").to_pylist(), starts, strict=True)
            if not _HAS_OFFSET.search(text)
        )

    @property
    def modified_is_start(self) -> bool:
        """Whether a lesson's time of change is only its start: then no change of it can be seen."""
        return self._lessons >= _FEWEST_MODIFIED and self._modified_at_start >= _ALMOST_ALL * self._lessons

    def check(self, where: str) -> None:
        """Refuse lessons without an offset that cannot be in the assumed time zone.

        Raises:
            SourceShapeError: read in another zone they lie in the school day, or as read they lie far outside it;
                or the source has told offsets until now, for a few lessons show nothing of their zone.
        """
        count = sum(self._naive.values())
        if count and self.context.has_offsets:
            message = (
                f"{where}: {count} lessons begin at a time without an offset, and until now the source told offsets. "
                "Ask the owner; if they are right, set naive_timezone of the source and probe it anew."
            )
            raise SourceShapeError(message)
        if count < _FEWEST:
            return
        assumed = self.context.naive_timezone
        at_night = self._share(assumed, _FIRST_HOUR * _MINUTES_IN_HOUR, _LAST_HOUR * _MINUTES_IN_HOUR)
        unusual = self._share(assumed, _USUAL_FROM, _USUAL_TO)
        better = [
            name
            for name, zone in (("UTC", ZoneInfo("UTC")), (self.context.timezone.key, self.context.timezone))
            if zone.key != assumed.key and self._share(zone, _USUAL_FROM, _USUAL_TO) * 2 + _CLEARLY_BETTER < unusual
        ]
        if at_night > _MOST_OUTSIDE or better:
            hint = f"; read in {better[0]} they fit" if better else ""
            message = (
                f"{where}: times come without an offset, and read in {assumed.key} {unusual:.0%} of the lessons "
                f"begin outside the usual school day{hint}. Set naive_timezone of the source, or ask for offsets."
            )
            raise SourceShapeError(message)

    def _share(self, zone: ZoneInfo, first_minute: int, last_minute: int) -> float:
        """Give the share of naive lessons that begin outside some local hours, were they written in a zone."""
        outside = 0
        for started, count in self._naive.items():
            written = started.astimezone(self.context.naive_timezone).replace(tzinfo=zone)
            local = written.astimezone(self.context.timezone)
            minute = local.hour * _MINUTES_IN_HOUR + local.minute
            outside += 0 if first_minute <= minute < last_minute else count
        return outside / sum(self._naive.values())
