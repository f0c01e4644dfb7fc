"""How every source stands at a glance: last delivery, verdict, coverage, what is open and since when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from narvaro.county import County

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date

    from narvaro.ledger import IssueRecord, Ledger, SourceStatus, VerdictRecord

# Of several suites' verdicts on a night, the gravest speaks for it.
_GRAVITY = ("passed", "quarantined", "refused")
# An answer silences a verified issue; one that is being mended still waits.
WAITING = ("open", "acknowledged")
_JUDGED = {"accepted", "held", "refused"}


@dataclass(frozen=True, slots=True)
class SourceStanding:
    """One source at a glance; `verdict` is that of its last judged night, empty before the first."""

    source: str
    owner_id: str
    owner_name: str
    status: str
    last_good_night: date | None
    last_attempt_night: date | None
    is_stale: bool
    verdict: str
    quarantined_rows: int
    open_issues: int
    oldest_issue_night: date | None
    reason: str = ""


def source_standings(
    county: County,
    ledger: Ledger,
    *,
    only: Collection[str] | None = None,
    night: date | None = None,
    today: date | None = None,
) -> list[SourceStanding]:
    """Give how the sources of the county that are read stand, as of a night where one is given.

    `today` is the day that answers are asked for; without it the night's, else the newest issue's.
    """
    names = [source.name for source in county.enabled_sources if only is None or source.name in only]
    issues = _waiting(ledger.open_issues(today=today or night), night, today)
    judged = _last_judged(ledger, night)
    # Sources that have left the configuration stand in the ledger for ever.
    found = [status for status in ledger.source_status(names, night=night) if status.source in names]
    return [
        _standing(county, status, issues.get(status.source, ()), _verdict(ledger, status.source, judged))
        for status in found
    ]


def _last_judged(ledger: Ledger, until: date | None) -> dict[str, date]:
    """Give the newest night of each source that its suites have judged."""
    judged: dict[str, date] = {}
    for record in ledger.nights():
        if record.status in _JUDGED and (until is None or record.night <= until):
            judged[record.source] = max(record.night, judged.get(record.source, record.night))
    return judged


def _verdict(ledger: Ledger, source: str, judged: Mapping[str, date]) -> tuple[str, int]:
    """Give the gravest verdict of a source's last judged night, and how many rows it held back."""
    if source not in judged:
        return "", 0
    verdicts = ledger.verdicts(source=source, night=judged[source])
    return gravest(verdicts), sum(verdict.quarantined_rows for verdict in verdicts)


def _waiting(
    issues: Iterable[IssueRecord], night: date | None, today: date | None
) -> Mapping[str, Sequence[IssueRecord]]:
    """Give the issues that wait for somebody, by source."""
    found: dict[str, list[IssueRecord]] = {}
    for issue in issues:
        day = today or night or issue.last_seen_night
        if (night is None or issue.opened_night <= night) and issue.standing(day) in WAITING:
            found.setdefault(issue.source, []).append(issue)
    return found


def _standing(
    county: County, status: SourceStatus, issues: Sequence[IssueRecord], verdict: tuple[str, int]
) -> SourceStanding:
    owner = county.owner_of(status.source)
    return SourceStanding(
        source=status.source,
        owner_id=owner.owner_id,
        owner_name=owner.name,
        status=status.status,
        last_good_night=status.last_good_night,
        last_attempt_night=status.last_attempt_night,
        is_stale=status.is_stale,
        verdict=verdict[0],
        quarantined_rows=verdict[1],
        open_issues=len(issues),
        oldest_issue_night=min((issue.opened_night for issue in issues), default=None),
        reason=status.reason,
    )


def gravest(verdicts: Iterable[VerdictRecord]) -> str:
    """Give the verdict that speaks for several suites, empty for none."""
    return max((verdict.status for verdict in verdicts), key=_GRAVITY.index, default="")
