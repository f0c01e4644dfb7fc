"""Deletions that nobody told: records that a whole read, or a re-read of some days, no longer found."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pyarrow as pa

from narvaro.landing import RECORDS, absent_ids
from narvaro.orchestration.completeness import MOST_ASKED, refuse_left_out, wanted
from narvaro.orchestration.standing_night import standing_beside
from narvaro.sources import ENTITIES, Confirmed
from narvaro.sources.ss12000.lists import CHANGING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from narvaro.orchestration.completeness import FinishedReading
    from narvaro.orchestration.line import Line
    from narvaro.sources import Wanted

_log = logging.getLogger(__name__)


def inferred_deletions(line: Line, source_name: str, night: date, reading: FinishedReading) -> Iterator[pa.RecordBatch]:
    """Give, as deletions, what stood before and was not among all that there is."""
    spans = dict(_whole_spans(line, night, reading))
    if not spans or not line.ledger.cursors(source_name):
        return
    is_whole = {entity for entity, kind in reading.plan.reads if kind == "full"}
    with standing_beside(line, source_name, night, reading.staged) as rows:
        for entity, span in spans.items():
            absent = absent_ids(rows, entity, night, span)
            if not absent:
                continue
            confirmed = _confirmed(wanted(line, night, rows, entity, absent), reading)
            if entity in is_whole and confirmed.left_out:
                refuse_left_out(line, source_name, {entity: len(confirmed.left_out)})
            gone = sorted(confirmed.gone | confirmed.not_asked)
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


def _confirmed(question: Wanted, reading: FinishedReading) -> Confirmed:
    """Ask whether the source still has what did not come; of too many a person is asked instead, by the brake."""
    if len(question.ids) > MOST_ASKED:
        return Confirmed(not_asked=frozenset(question.ids))
    return reading.confirm(question)


def _batch(entity: str, ids: list[str]) -> pa.RecordBatch:
    """Give ids as inferred deletions, without a time: nobody knows when they went."""
    schema = ENTITIES["deletions"]
    columns = {"entity": [entity] * len(ids), "record_id": ids, "origin": ["inferred"] * len(ids)}
    arrays = [pa.array(columns.get(field.name, [None] * len(ids)), field.type) for field in schema]
    return pa.record_batch(arrays, schema=schema)
