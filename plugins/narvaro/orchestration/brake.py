"""The brake: deletions that would take too much of a school unit wait for a person."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from narvaro.landing import CHECKS, RECORDS, Loss, is_emptied, losses
from narvaro.ledger import BrakeRecord
from narvaro.orchestration.standing_night import files_of, standing_beside

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import date

    from duckdb import DuckDBPyConnection

    from narvaro.county import Brake
    from narvaro.ledger import LoadRecord
    from narvaro.orchestration.line import Line

# Read whole every night: without rows, nothing else of the source would belong anywhere.
_LISTS = ("school_units", "activities")


def pulled_brake(line: Line, source_name: str, night: date, loads: Sequence[LoadRecord]) -> BrakeRecord | None:
    """Give the question that a landed night puts to a person, None when its deletions may take effect.

    Raises:
        LandingError: the landing folder cannot be written.
    """
    if not line.ledger.accepted_loads(night, source=source_name):
        return None
    record = line.ledger.night(source_name, night)
    whole = {entity for entity, kind in record.reads if kind == "full"} if record else set()
    with standing_beside(line, source_name, night, files_of(line, loads)) as rows:
        found = list(_too_much(rows, line.county.brake, whole))
    if not found:
        return None
    units = tuple(asdict(loss) | {"doomed": loss.doomed} for loss in found)
    return BrakeRecord(
        source_name,
        night,
        told=sum(loss.told for loss in found),
        inferred=sum(loss.inferred for loss in found),
        units=units,
    )


def _too_much(rows: DuckDBPyConnection, brake: Brake, whole: Collection[str]) -> Iterator[Loss]:
    """Give what passes the brake's limits in a unit, and everything of a list that has come back empty."""
    emptied = {entity for entity in (*_LISTS, *whole) if entity in {*RECORDS, *_LISTS} and is_emptied(rows, entity)}
    for entity, counted in CHECKS:
        is_empty = entity in emptied or (entity in _LISTS and bool(emptied.intersection(_LISTS)))
        for loss in losses(rows, entity, counted, least=1 if is_empty else brake.min_rows + 1):
            if is_empty or (loss.doomed > brake.min_rows and loss.share > brake.max_share):
                yield loss
