"""The ledger's pages on issues: a fault's life from the first night to the last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from narvaro.errors import LedgerError
from narvaro.ledger.issue_rows import issues_from, known_issues, record_tellings, write_sightings
from narvaro.ledger.issue_tables import ISSUE_EVENTS, ISSUES
from narvaro.ledger.pages import Pages
from narvaro.ledger.sightings import Damping, FoundFault, Sightings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from narvaro.ledger.issue_records import IssueRecord


@dataclass(frozen=True, slots=True)
class _UsualDamping:
    """What flaps where nobody has said otherwise."""

    times: int = 3
    nights: int = 14


def fingerprint_of(finding: FoundFault) -> str:
    """Give what makes two findings the same issue: source, school unit and rule."""
    return f"{finding.source}/{finding.school_unit_code or '-'}/{finding.rule}"


class IssuePages(Pages):
    """Which faults are open, and what each night did to them."""

    def record_findings(
        self,
        night: date,
        findings: Sequence[FoundFault],
        *,
        checked: Iterable[tuple[str, str]],
        damping: Damping = _UsualDamping(),
    ) -> list[IssueRecord]:
        """Open, see again, reopen and resolve issues; the same night twice changes nothing.

        `checked` names every (source, door) that was examined, also those without a finding:
        an open issue of theirs that was not found again is resolved.

        Raises:
            LedgerError: a finding belongs to a door that was not examined, or two are the same issue.
        """
        examined = set(checked)
        found = {fingerprint_of(finding): finding for finding in findings}
        if len(found) != len(findings):
            msg = "Two findings are the same issue. Add their counts before they are recorded."
            raise LedgerError(msg)
        if strays := sorted({f"{f.source}/{f.door}" for f in findings if (f.source, f.door) not in examined}):
            msg = f"Findings at doors that were not examined: {strays}. Name them in `checked`."
            raise LedgerError(msg)
        with self._write() as connection:
            sources = {source for source, _ in examined}
            known = known_issues(connection, sources, night, window=damping.nights)
            sightings = Sightings(night, damping, known)
            for fingerprint, finding in sorted(found.items()):
                sightings.see(fingerprint, finding)
            sightings.resolve_unseen(found, examined)
            write_sightings(connection, sightings)
        return self.issues_of_night(night)

    def open_issues(self, source: str | None = None, *, today: date | None = None) -> list[IssueRecord]:
        """Give the issues that are open, oldest first, each with its answer in force; see `standing`."""
        return self._issues(sa.select(ISSUES).where(ISSUES.c.state == "open"), source, today)

    def issues(self, source: str | None = None, *, today: date | None = None) -> list[IssueRecord]:
        """Give every issue, open and resolved, oldest first, each with its answer in force."""
        return self._issues(sa.select(ISSUES), source, today)

    def issue(self, fingerprint: str, *, today: date | None = None) -> IssueRecord:
        """Give one issue, with its answer in force.

        Raises:
            LedgerError: there is no such issue.
        """
        found = self._issues(sa.select(ISSUES).where(ISSUES.c.fingerprint == fingerprint), None, today)
        if not found:
            msg = "There is no issue with this fingerprint. See `narvaro issues list --all`."
            raise LedgerError(msg)
        return found[0]

    def issues_of_night(self, night: date) -> list[IssueRecord]:
        """Give the issues that something happened to that night, with what happened as `event`."""
        statement = (
            sa.select(ISSUES, ISSUE_EVENTS.c.event)
            .join(ISSUE_EVENTS, ISSUE_EVENTS.c.fingerprint == ISSUES.c.fingerprint)
            .where(ISSUE_EVENTS.c.night == night)
            .order_by(ISSUES.c.fingerprint)
        )
        with self._read() as connection:
            return issues_from(connection, statement, night)

    def record_reminders(self, night: date, fingerprints: Iterable[str]) -> None:
        """Note which issues somebody was reminded of that night."""
        with self._write() as connection:
            record_tellings(connection, fingerprints, night, "reminded")

    def record_escalations(self, night: date, fingerprints: Iterable[str]) -> list[str]:
        """Escalate open issues, each once in an opening; give those that had not been, in order."""
        wanted = set(fingerprints)
        is_new = (ISSUES.c.state == "open") & ISSUES.c.escalated_night.is_(None)
        with self._write() as connection:
            candidates: Sequence[str] = (
                connection.execute(sa.select(ISSUES.c.fingerprint).where(is_new)).scalars().all()
            )
            new = sorted(wanted.intersection(candidates))
            if new:
                mine = ISSUES.c.fingerprint == sa.bindparam("escalated_fingerprint")
                rows = [{"escalated_fingerprint": name, "escalated_night": night} for name in new]
                connection.execute(sa.update(ISSUES).where(mine), rows)
                record_tellings(connection, new, night, "escalated")
        return new

    def _issues(self, statement: sa.Select[Any], source: str | None, today: date | None) -> list[IssueRecord]:
        if source is not None:
            statement = statement.where(ISSUES.c.source == source)
        statement = statement.order_by(ISSUES.c.opened_night, ISSUES.c.fingerprint)
        with self._read() as connection:
            return issues_from(connection, statement, today or datetime.now(UTC).date())
