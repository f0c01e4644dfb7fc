"""Deletions that nobody told: records that a whole read, or a re-read of some days, no longer found."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from narvaro.landing import RECORDS, absent_ids
from narvaro.orchestration.standing_night import standing_beside
from narvaro.sources import ENTITIES
from narvaro.sources.ss12000.lists import CHANGING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from narvaro.orchestration.line import Line
    from narvaro.sources import NightPlan

# The source does not know these by the ids that we keep.
_PSEUDONYMOUS = {"pupils"}
# More than these are not asked about one by one: the brake asks a person.
_MOST_ASKED = 20_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FinishedReading:
    """A night that has been read to its end and not yet sealed.

    `staged` are its files by entity; of the lists in `not_served` nothing can be said. `living` gives
    those of some ids that the source still has, None when it cannot be asked.
    """

    plan: NightPlan
    staged: Mapping[str, Sequence[Path]]
    not_served: Collection[str]
    living: Callable[[str, list[str]], set[str] | None]


def inferred_deletions(line: Line, source_name: str, night: date, reading: FinishedReading) -> Iterator[pa.RecordBatch]:
    """Give, as deletions, what stood before and was not among all that there is."""
    spans = dict(_whole_spans(line, night, reading))
    if not spans or not line.ledger.cursors(source_name):
        return
    with standing_beside(line, source_name, night, reading.staged) as rows:
        for entity, span in spans.items():
            absent = absent_ids(rows, entity, night, span)
            gone = _without_living(entity, absent, reading)
            if gone:
                _log.info("%s %s: %d %s are no longer there", source_name, night, len(gone), entity)
                yield _batch(entity, gone)


def _whole_spans(line: Line, night: date, reading: FinishedReading) -> Iterator[tuple[str, tuple[date, date]]]:
    """Give each entity that was read whole, and the days for which that holds."""
    plan = reading.plan
    path_of = {entity: resource.path for resource in CHANGING for entity in resource.entities}
    for entity, kind in plan.reads:
        path = path_of.get(entity, "")
        if entity not in RECORDS or path in reading.not_served:
            continue
        # A first read by time of change ends at the night's bound: what changed since does not come.
        if kind == "full" and path in plan.readings and plan.readings[path].mode == "full":
            yield entity, line.county.school_year_of(night).bounds
        elif kind == "window" and plan.window is not None and (entity, "full") not in plan.reads:
            yield entity, plan.window


def _without_living(entity: str, absent: list[str], reading: FinishedReading) -> list[str]:
    """Leave out what the source still has: it may have come or changed while the lists were read."""
    if not absent or entity in _PSEUDONYMOUS or len(absent) > _MOST_ASKED:
        return absent
    alive = reading.living(entity, absent)
    return absent if alive is None else [record_id for record_id in absent if record_id not in alive]


def _batch(entity: str, ids: list[str]) -> pa.RecordBatch:
    """Give ids as inferred deletions, without a time: nobody knows when they went."""
    schema = ENTITIES["deletions"]
    columns = {"entity": [entity] * len(ids), "record_id": ids, "origin": ["inferred"] * len(ids)}
    arrays = [pa.array(columns.get(field.name, [None] * len(ids)), field.type) for field in schema]
    return pa.record_batch(arrays, schema=schema)
