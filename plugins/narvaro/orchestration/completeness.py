"""Nothing left out in silence: what a night's rows refer to has come, or the source is asked why it has not."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from narvaro.errors import ShortPullError
from narvaro.landing import REFERRED_TO, has_never_come, unresolved, witnesses
from narvaro.ledger import FailureRecord, VerdictRecord
from narvaro.orchestration.standing_night import standing_beside
from narvaro.sources import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from narvaro.orchestration.line import Line
    from narvaro.sources import Confirmed, NightPlan

SUITE = "completeness"
LEFT_OUT = "records_left_out"
UNKNOWN = "unknown_references"
# A reference to nobody is told of until so many nights have met none.
TOLD_FOR_DAYS = 7
# Some tens of lookups; of more, these tell enough.
MOST_ASKED = 20_000
_WITNESSES = 20
# Made of the same list; and only groups name by id the pupils whom no register does.
_READ_WITH = {"pupils": ("pupils", "enrolments", "group_memberships")}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FinishedReading:
    """A night that has been read to its end and not yet sealed.

    `staged` are its files by entity; of the lists in `not_served` nothing can be said. `confirm` asks the
    source for records that its lists have not told of.
    """

    plan: NightPlan
    staged: Mapping[str, Sequence[Path]]
    not_served: Collection[str]
    confirm: Callable[[Wanted], Confirmed]


def refusal(error: ShortPullError, source_name: str, night: date) -> VerdictRecord:
    """Give a short pull as the ledger keeps it."""
    failures = tuple(
        FailureRecord(LEFT_OUT, "critical", "table", count, entity) for entity, count in sorted(error.left_out.items())
    )
    return VerdictRecord(SUITE, "refused", rows=0, source=source_name, night=night, failures=failures)


def require_referred_to(line: Line, source_name: str, night: date, reading: FinishedReading) -> None:
    """Refuse a night whose rows refer to records that the source has and its lists left out.

    Raises:
        ShortPullError: some were left out; their lists are read whole the next night.
        SourceError: the source does not answer when it is asked.
    """
    left_out: dict[str, int] = {}
    unknown: dict[str, int] = {}
    with standing_beside(line, source_name, night, reading.staged, with_later=True) as rows:
        if has_never_come(rows, "school_units"):
            message = (
                f"{source_name}: no school unit has come. Wanted one at least; ask the owner what our account may read."
            )
            raise ShortPullError(message, left_out={"school_units": 1})
        for entity in REFERRED_TO:
            first, _ = line.county.school_year_of(night).bounds
            found = unresolved(rows, entity, first, most=MOST_ASKED)
            if not found.missing:
                continue
            confirmed = reading.confirm(wanted(line, night, rows, entity, found.ids))
            tolerated = line.county.source(source_name).plan.orphan_tolerance * found.named
            doubtful = len(confirmed.not_asked)
            count = len(confirmed.left_out) + (doubtful if doubtful > tolerated else 0)
            if count:
                left_out[entity] = count
            elif confirmed.gone or doubtful:
                unknown[entity] = len(confirmed.gone) + doubtful
    if left_out:
        refuse_left_out(line, source_name, left_out)
    _tell_unknown(line, source_name, night, unknown)


def verdicts(line: Line, source_name: str, night: date) -> list[VerdictRecord]:
    """Give what was found of a night's references, newest last."""
    found = line.ledger.verdicts(source=source_name, night=night)
    return [verdict for verdict in found if verdict.suite == SUITE]


def wanted(line: Line, night: date, rows: DuckDBPyConnection, entity: str, ids: Sequence[str]) -> Wanted:
    """Give the question whether the source has some records."""
    known = witnesses(rows, entity, most=_WITNESSES)
    return Wanted(entity, ids, known, line.county.night_bound_at(night), line.county.school_year_of(night).bounds)


def refuse_left_out(line: Line, source_name: str, left_out: Mapping[str, int]) -> None:
    """Have what was left out read whole the next night, and refuse this one.

    Raises:
        ShortPullError: always.
    """
    for entity in left_out:
        for each in _READ_WITH.get(entity, (entity,)):
            line.ledger.mark_due(source_name, each, "full", LEFT_OUT)
    counts = ", ".join(f"{count} {entity}" for entity, count in sorted(left_out.items()))
    message = (
        f"{source_name}: a short pull: the lists leave out {counts} that other rows refer to and that the source has, "
        "or may have. They are read whole the next night; if it happens again, ask the owner to mend the lists, or "
        "set plan.orphan_tolerance where the source looks nothing up."
    )
    raise ShortPullError(message, left_out=left_out)


def _tell_unknown(line: Line, source_name: str, night: date, unknown: Mapping[str, int]) -> None:
    """Keep what is referred to and not there: left out by law or by setting, or gone; and that it was looked for."""
    for entity, count in unknown.items():
        _log.warning("%s %s: %d %s are referred to and not there", source_name, night, count, entity)
    failures = tuple(FailureRecord(UNKNOWN, "warning", "table", count, entity) for entity, count in unknown.items())
    if failures:
        verdict = VerdictRecord(SUITE, "passed", rows=0, source=source_name, night=night, failures=failures)
        line.ledger.record_verdicts([verdict])
