"""Between the rows of issues and their records, within the transaction of whoever reads or writes them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from narvaro.ledger.issue_records import VERIFIED, AnswerRecord, IssueRecord
from narvaro.ledger.issue_tables import ISSUE_ANSWERS, ISSUE_EVENTS, ISSUE_TELLINGS, ISSUES
from narvaro.ledger.sightings import KnownIssue, Sightings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy.engine import Connection

_OPENINGS = ("opened", "reopened")
_KNOWN = (
    "fingerprint",
    "source",
    "door",
    "state",
    "opened_night",
    "last_seen_night",
    "resolved_night",
    "nights_seen",
    "escalated_night",
    "flapping_since",
)


def known_issues(
    connection: Connection, sources: Collection[str], night: date, *, window: int
) -> dict[str, KnownIssue]:
    """Give how the sources' issues stand, by fingerprint; `window` is in how many nights openings are counted."""
    # What a finding says is not read: ten thousand issues are a few columns each.
    statement = sa.select(*(ISSUES.c[name] for name in _KNOWN)).where(ISSUES.c.source.in_(sources))
    rows = connection.execute(statement.order_by(ISSUES.c.fingerprint)).mappings().all()
    tonight = sa.select(ISSUE_EVENTS.c.fingerprint, ISSUE_EVENTS.c.event).where(ISSUE_EVENTS.c.night == night)
    events: dict[str, str] = {row.fingerprint: row.event for row in connection.execute(tonight)}
    openings = _openings(connection, night, window)
    answers = newest_answers(connection)
    known = {}
    for row in rows:
        fingerprint = row["fingerprint"]
        answer = answers.get(fingerprint)
        known[fingerprint] = KnownIssue(
            **row,
            event=events.get(fingerprint),
            earlier_openings=openings.get(fingerprint, 0),
            verified_until=answer.until if answer and answer.kind == VERIFIED else None,
        )
    return known


def write_sightings(connection: Connection, sightings: Sightings) -> None:
    """Write what a night changed."""
    seen = ISSUES.c.fingerprint == sa.bindparam("seen_fingerprint")
    if sightings.opened:
        connection.execute(sa.insert(ISSUES), sightings.opened)
    for rows in (sightings.changed, sightings.resolved):
        if rows:
            connection.execute(sa.update(ISSUES).where(seen), rows)
    _write_events(connection, sightings)
    record_tellings(connection, sightings.found_flapping, sightings.night, "flapping")


def record_tellings(connection: Connection, fingerprints: Iterable[str], night: date, kind: str) -> None:
    """Note what people were told of issues on a night besides its news; twice is once."""
    mine = (ISSUE_TELLINGS.c.night == night) & (ISSUE_TELLINGS.c.kind == kind)
    told: set[str] = set(connection.execute(sa.select(ISSUE_TELLINGS.c.fingerprint).where(mine)).scalars())
    now = datetime.now(UTC)
    rows = [
        {"fingerprint": fingerprint, "night": night, "kind": kind, "recorded_at": now}
        for fingerprint in sorted(set(fingerprints) - told)
    ]
    if rows:
        connection.execute(sa.insert(ISSUE_TELLINGS), rows)


def newest_answers(connection: Connection, fingerprint: str | None = None) -> dict[str, AnswerRecord]:
    """Give the newest answer of each issue that has one, by fingerprint."""
    statement = sa.select(ISSUE_ANSWERS).order_by(ISSUE_ANSWERS.c.answer_id)
    if fingerprint is not None:
        statement = statement.where(ISSUE_ANSWERS.c.fingerprint == fingerprint)
    return {row["fingerprint"]: AnswerRecord(**row) for row in connection.execute(statement).mappings()}


def issues_from(connection: Connection, statement: sa.Select[Any], day: date) -> list[IssueRecord]:
    """Give the issues that a statement finds, each with the answer that is in force on a day."""
    answers = newest_answers(connection)
    issues = []
    for row in connection.execute(statement).mappings():
        issue = IssueRecord(**{**row, "record_ids": tuple(row["record_ids"])})
        answer = answers.get(issue.fingerprint)
        in_force = answer is not None and answer.holds(issue.opened_night, day)
        issues.append(replace(issue, answer=answer) if in_force else issue)
    return issues


def _openings(connection: Connection, night: date, window: int) -> dict[str, int]:
    """Give how often each issue was opened in the nights before this one."""
    columns = ISSUE_EVENTS.c
    earlier = (columns.night < night) & (columns.night > night - timedelta(days=window))
    statement = sa.select(columns.fingerprint, sa.func.count()).where(earlier, columns.event.in_(_OPENINGS))
    rows: Sequence[Any] = connection.execute(statement.group_by(columns.fingerprint)).all()
    return {fingerprint: int(count) for fingerprint, count in rows}


def _write_events(connection: Connection, sightings: Sightings) -> None:
    """Keep one event per issue and night, its last; being seen again is no news beside another event."""
    now, night = datetime.now(UTC), sightings.night
    new, recounted, changed = [], [], []
    for fingerprint, (event, count) in sightings.events.items():
        issue = sightings.known.get(fingerprint)
        current = issue.event if issue else None
        if current is None:
            row = {"fingerprint": fingerprint, "night": night, "event": event}
            new.append(row | {"count": count, "recorded_at": now})
        elif event == "seen":
            recounted.append({"of_fingerprint": fingerprint, "count": count})
        elif event != current:
            changed.append({"of_fingerprint": fingerprint, "event": event, "count": count, "recorded_at": now})
    if new:
        connection.execute(sa.insert(ISSUE_EVENTS), new)
    mine = (ISSUE_EVENTS.c.fingerprint == sa.bindparam("of_fingerprint")) & (ISSUE_EVENTS.c.night == night)
    for rows in (recounted, changed):
        if rows:
            connection.execute(sa.update(ISSUE_EVENTS).where(mine), rows)
