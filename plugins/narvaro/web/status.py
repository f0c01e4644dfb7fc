"""What a status page tells of sources: deliveries by night, and issues that are open or were mended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from narvaro.orchestration.source_standing import WAITING, gravest
from narvaro.web.faults import Fault, fault

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from narvaro.ledger import Ledger
    from narvaro.web.words import Words

MOST_NIGHTS = 30
_MOST_MENDED = 20
# A page is read by people; whoever has more has one cause, and mends that first.
MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Delivery:
    """One source's one night."""

    source: str
    night: date
    status: str
    verdict: str
    rows: int
    quarantined_rows: int


def deliveries(ledger: Ledger, sources: Sequence[str]) -> list[Delivery]:
    """Give the newest nights of sources, newest first."""
    found = []
    for source in sources:
        nights = sorted(ledger.nights(source), key=lambda record: record.night, reverse=True)[:MOST_NIGHTS]
        for record in nights:
            # By night, for the ledger remembers years.
            mine = ledger.verdicts(source=source, night=record.night)
            loads = ledger.loads(record.night, source=source)
            rows = sum(load.rows for load in loads if load.status != "superseded")
            held = sum(verdict.quarantined_rows for verdict in mine)
            found.append(Delivery(source, record.night, record.status, gravest(mine), rows, held))
    return sorted(found, key=lambda delivery: (delivery.night, delivery.source), reverse=True)


@dataclass(frozen=True, slots=True)
class Faults:
    """An owner's issues: those that wait, those whose data are right as they are, those that were mended."""

    waiting: tuple[Fault, ...]
    waiting_count: int
    verified: tuple[Fault, ...]
    mended: tuple[Fault, ...]


def faults_of(ledger: Ledger, sources: Sequence[str], words: Words, today: date) -> Faults:
    """Give the issues of sources, the gravest and oldest first."""
    told = [fault(issue, words, today) for source in sources for issue in ledger.issues(source, today=today)]
    is_open = [each for each in told if each.standing in WAITING]
    is_open.sort(key=lambda each: (each.issue.severity, each.issue.opened_night, each.unit))
    mended = [each for each in told if each.standing == "resolved"]
    return Faults(
        waiting=tuple(is_open[:MOST_SHOWN]),
        waiting_count=len(is_open),
        verified=tuple(each for each in told if each.standing == "verified"),
        mended=tuple(sorted(mended, key=lambda each: each.issue.resolved_night or today, reverse=True)[:_MOST_MENDED]),
    )
