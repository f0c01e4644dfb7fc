"""Which open issues people are reminded of, and which have waited so long that the region is told of them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from narvaro.alerts.digest import REMIND_EVERY_NIGHTS
from narvaro.county import ENGINEER

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from narvaro.county import County
    from narvaro.ledger import IssueRecord
    from narvaro.orchestration.line import Line

_ACKNOWLEDGED = "acknowledged"


def escalate_overdue(line: Line, night: date) -> list[str]:
    """Escalate the issues that are past their working days, each once in an opening; give those of this night.

    The days count from the night that opened the issue, and once anew from the first word that it
    is being mended: no further acknowledgement puts them off. What is silent is left in peace.
    """
    promised = _first_promises(line)
    # Ten thousand issues were opened on a few nights.
    waited = cache(lambda since: line.county.working_days_after(since, night))
    overdue = []
    for issue in line.ledger.open_issues(today=night):
        days = _patience(line.county, issue, night)
        since = max(issue.opened_night, promised.get((issue.fingerprint, issue.opened_night), issue.opened_night))
        if days and issue.escalated_night is None and waited(since) >= days:
            overdue.append(issue.fingerprint)
    return line.ledger.record_escalations(night, overdue)


def note_reminders(line: Line, night: date, issues: Iterable[IssueRecord]) -> None:
    """Keep in their lives which issues this night's letters remind of."""
    reminded = [
        issue.fingerprint
        for issue in issues
        if issue.event == "seen"
        and issue.nights_seen % REMIND_EVERY_NIGHTS == 0
        and issue.standing(night) == "open"
        and not issue.is_silent(night)
    ]
    if reminded:
        line.ledger.record_reminders(night, reminded)


def _patience(county: County, issue: IssueRecord, night: date) -> int:
    """Give how many working days an issue may wait; 0 for ever."""
    # What is ours to mend needs no telling to ourselves.
    if issue.owner == ENGINEER or issue.is_silent(night):
        return 0
    return county.escalation.critical if issue.severity == "critical" else county.escalation.warning


def _first_promises(line: Line) -> dict[tuple[str, date], date]:
    """Give on which day each opening of an issue was first said to be being mended."""
    promised: dict[tuple[str, date], date] = {}
    for answer in line.ledger.answers():
        if answer.kind == _ACKNOWLEDGED and answer.opened_night is not None:
            day = answer.answered_at.astimezone(line.county.timezone).date()
            promised.setdefault((answer.fingerprint, answer.opened_night), day)
    return promised
