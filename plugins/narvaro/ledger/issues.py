"""The ledger's pages on issues: a fault's life from the first night to the last."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from narvaro.errors import LedgerError
from narvaro.ledger.pages import Pages
from narvaro.ledger.records import IssueRecord
from narvaro.ledger.tables import ISSUE_EVENTS, ISSUES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection

MAX_RECORD_IDS = 20


class FoundFault(Protocol):
    """What a finding must tell to become an issue."""

    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def school_unit_code(self) -> str | None: ...  # noqa: D102
    @property
    def rule(self) -> str: ...  # noqa: D102
    @property
    def door(self) -> str: ...  # noqa: D102
    @property
    def severity(self) -> str: ...  # noqa: D102
    @property
    def count(self) -> int: ...  # noqa: D102
    @property
    def record_ids(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def note_sv(self) -> str: ...  # noqa: D102
    @property
    def note_en(self) -> str: ...  # noqa: D102
    @property
    def details(self) -> Mapping[str, Any]: ...  # noqa: D102


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
            for fingerprint, finding in sorted(found.items()):
                _see(connection, fingerprint, finding, night)
            for source, door in sorted(examined):
                _resolve_unseen(connection, source, door, set(found), night)
        return self.issues_of_night(night)

    def open_issues(self, source: str | None = None) -> list[IssueRecord]:
        """Give the issues that are open, oldest first."""
        statement = sa.select(ISSUES).where(ISSUES.c.state == "open")
        if source is not None:
            statement = statement.where(ISSUES.c.source == source)
        with self._read() as connection:
            rows = connection.execute(statement.order_by(ISSUES.c.opened_night, ISSUES.c.fingerprint)).mappings()
            return [_issue(row) for row in rows]

    def issues(self, source: str | None = None) -> list[IssueRecord]:
        """Give every issue, open and resolved, oldest first."""
        statement = sa.select(ISSUES)
        if source is not None:
            statement = statement.where(ISSUES.c.source == source)
        with self._read() as connection:
            rows = connection.execute(statement.order_by(ISSUES.c.opened_night, ISSUES.c.fingerprint)).mappings()
            return [_issue(row) for row in rows]

    def issues_of_night(self, night: date) -> list[IssueRecord]:
        """Give the issues that something happened to that night, with what happened as `event`."""
        statement = (
            sa.select(ISSUES, ISSUE_EVENTS.c.event)
            .join(ISSUE_EVENTS, ISSUE_EVENTS.c.fingerprint == ISSUES.c.fingerprint)
            .where(ISSUE_EVENTS.c.night == night)
            .order_by(ISSUES.c.fingerprint)
        )
        with self._read() as connection:
            return [_issue(row) for row in connection.execute(statement).mappings()]


def _see(connection: Connection, fingerprint: str, finding: FoundFault, night: date) -> None:
    """Open the issue, or see it again; a night older than its last word is let pass."""
    current = _one(connection, fingerprint)
    values = _values(finding, night)
    if current is None:
        identity = {name: getattr(finding, name) for name in ("source", "school_unit_code", "rule")}
        values |= {"fingerprint": fingerprint, **identity, "opened_night": night, "nights_seen": 1}
        connection.execute(sa.insert(ISSUES).values(**values))
        _record_event(connection, fingerprint, night, "opened", finding.count)
        return
    if night < max(current.last_seen_night, current.resolved_night or current.last_seen_night):
        return
    event = "seen"
    if current.state == "resolved":
        event = "opened" if _event_of(connection, fingerprint, night) == "withdrawn" else "reopened"
        values |= {"opened_night": night, "nights_seen": 1}
    elif current.last_seen_night < night:
        values["nights_seen"] = current.nights_seen + 1
    connection.execute(sa.update(ISSUES).where(ISSUES.c.fingerprint == fingerprint).values(**values))
    _record_event(connection, fingerprint, night, event, finding.count)


def _values(finding: FoundFault, night: date) -> dict[str, Any]:
    """Give what each sighting says anew."""
    return {
        "state": "open",
        "severity": finding.severity,
        "door": finding.door,
        "last_seen_night": night,
        "resolved_night": None,
        "count": finding.count,
        "record_ids": list(finding.record_ids[:MAX_RECORD_IDS]),
        "note_sv": finding.note_sv,
        "note_en": finding.note_en,
        "details": dict(finding.details),
    }


def _resolve_unseen(connection: Connection, source: str, door: str, found: set[str], night: date) -> None:
    """Resolve the door's open issues that this night did not find; those it opened itself are withdrawn."""
    open_here = (ISSUES.c.source == source) & (ISSUES.c.door == door) & (ISSUES.c.state == "open")
    statement = sa.select(ISSUES.c.fingerprint).where(open_here & (ISSUES.c.last_seen_night <= night))
    unseen: Sequence[str] = connection.execute(statement).scalars().all()
    for fingerprint in unseen:
        if fingerprint not in found:
            mine = ISSUES.c.fingerprint == fingerprint
            connection.execute(sa.update(ISSUES).where(mine).values(state="resolved", resolved_night=night))
            was_opened = _event_of(connection, fingerprint, night) == "opened"
            _record_event(connection, fingerprint, night, "withdrawn" if was_opened else "resolved", 0)


def _event_of(connection: Connection, fingerprint: str, night: date) -> str | None:
    mine = (ISSUE_EVENTS.c.fingerprint == fingerprint) & (ISSUE_EVENTS.c.night == night)
    return connection.execute(sa.select(ISSUE_EVENTS.c.event).where(mine)).scalar()


def _record_event(connection: Connection, fingerprint: str, night: date, event: str, count: int) -> None:
    """Keep one event per issue and night, its last; being seen again is no news beside another event."""
    mine = (ISSUE_EVENTS.c.fingerprint == fingerprint) & (ISSUE_EVENTS.c.night == night)
    current = _event_of(connection, fingerprint, night)
    row = {"event": event, "count": count, "recorded_at": datetime.now(UTC)}
    if current is None:
        connection.execute(sa.insert(ISSUE_EVENTS).values(fingerprint=fingerprint, night=night, **row))
    elif event == "seen":
        connection.execute(sa.update(ISSUE_EVENTS).where(mine).values(count=count))
    elif event != current:
        connection.execute(sa.update(ISSUE_EVENTS).where(mine).values(**row))


def _one(connection: Connection, fingerprint: str) -> IssueRecord | None:
    row = connection.execute(sa.select(ISSUES).where(ISSUES.c.fingerprint == fingerprint)).mappings().one_or_none()
    return _issue(row) if row else None


def _issue(row: Mapping[Any, Any]) -> IssueRecord:
    return IssueRecord(**{**row, "record_ids": tuple(row["record_ids"])})
