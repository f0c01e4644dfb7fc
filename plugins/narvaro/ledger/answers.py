"""The ledger's pages on answers: what a school office says of an issue, and the issue's whole life."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from narvaro.errors import LedgerError
from narvaro.ledger.issue_records import ACKNOWLEDGED, VERIFIED, WITHDRAWN, AnswerRecord, IssueEventRecord
from narvaro.ledger.issue_rows import newest_answers
from narvaro.ledger.issue_tables import ISSUE_ANSWERS, ISSUE_EVENTS, ISSUE_TELLINGS, ISSUES
from narvaro.ledger.pages import Pages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection

# How long an answer holds: when nothing is said, and at most.
USUAL_DAYS = {ACKNOWLEDGED: 14, VERIFIED: 90}
LONGEST_DAYS = {ACKNOWLEDGED: 60, VERIFIED: 366}
MAX_REASON_LENGTH = 500
# What no data can be right about: nothing was taken in, or a person is asked elsewhere.
NEVER_VERIFIED = frozenset(
    {
        "not_read",
        "silent_source",
        "wrong_shape",
        "short_pull",
        "records_left_out",
        "missing_columns",
        "too_many_quarantined",
        "held_deletions",
    }
)
# Ten or twelve digits, however they are spaced: whoever writes a reason may mean well and name a pupil.
_LIKE_A_CIVIC_NUMBER = re.compile(r"(?<!\d)(?:\d{2}[\s-]?)?\d{6}[\s+-]?\d{4}(?!\d)")


class AnswerPages(Pages):
    """Who said what of an issue: being mended, or right as it is."""

    def answer_issue(  # noqa: PLR0913 - who, what, why, until when and what day it is
        self,
        fingerprint: str,
        kind: str,
        *,
        by: str,
        reason: str = "",
        until: date | None = None,
        at: datetime | None = None,
    ) -> AnswerRecord:
        """Keep an answer; the one that is in force given again changes nothing.

        `kind` is acknowledged, verified (which needs a reason) or withdrawn. Without `until` an
        acknowledgement holds for two weeks and a verification for 90 days, both days inclusive.

        Raises:
            LedgerError: the issue is unknown or cannot be answered so, or the reason or the day is wrong.
        """
        moment = at or datetime.now(UTC)
        reason = " ".join(reason.split())
        _require_sound(kind, by, reason)
        until = _until(kind, until, moment.date())
        said = {"kind": kind, "answered_by": by.strip(), "reason": reason, "until": until}
        with self._write() as connection:
            issue = _require_answerable(connection, fingerprint, kind, moment.date())
            current = newest_answers(connection, fingerprint).get(fingerprint)
            row = {"fingerprint": fingerprint, **said, "opened_night": issue["opened_night"]}
            if current is not None and all(getattr(current, name) == value for name, value in row.items()):
                return current
            insert = sa.insert(ISSUE_ANSWERS).values(**row, answered_at=moment).returning(ISSUE_ANSWERS.c.answer_id)
            answer_id: int = connection.execute(insert).scalar_one()
        return AnswerRecord(answer_id=answer_id, answered_at=moment.astimezone(UTC), **row)

    def answers(self, fingerprint: str | None = None) -> list[AnswerRecord]:
        """Give everything that was said of an issue, or of all of them, oldest first."""
        statement = sa.select(ISSUE_ANSWERS)
        if fingerprint is not None:
            statement = statement.where(ISSUE_ANSWERS.c.fingerprint == fingerprint)
        with self._read() as connection:
            rows = connection.execute(statement.order_by(ISSUE_ANSWERS.c.answer_id)).mappings()
            return [AnswerRecord(**row) for row in rows]

    def issue_history(self, fingerprint: str) -> list[IssueEventRecord]:
        """Give an issue's life: what nights did, what people said, what they were told; oldest first."""
        answers = [_said(answer) for answer in self.answers(fingerprint)]
        with self._read() as connection:
            of_issue = sa.select(ISSUE_EVENTS).where(ISSUE_EVENTS.c.fingerprint == fingerprint)
            events = [IssueEventRecord(**row) for row in connection.execute(of_issue).mappings()]
            of_telling = sa.select(ISSUE_TELLINGS).where(ISSUE_TELLINGS.c.fingerprint == fingerprint)
            tellings = [_told(row) for row in connection.execute(of_telling).mappings()]
        return sorted([*events, *tellings, *answers], key=lambda event: (event.recorded_at, event.night))


def _require_sound(kind: str, by: str, reason: str) -> None:
    """Demand an answer that can be kept."""
    if kind not in {ACKNOWLEDGED, VERIFIED, WITHDRAWN}:
        msg = "An answer is acknowledged, verified or withdrawn. Choose one of them."
        raise LedgerError(msg)
    if not by.strip():
        msg = "An answer without a name. Say who gives it."
        raise LedgerError(msg)
    if kind == VERIFIED and not reason:
        msg = "A verification without a reason. Say why the data are right as they are."
        raise LedgerError(msg)
    if len(reason) > MAX_REASON_LENGTH:
        msg = f"A reason of {len(reason)} characters. Say it in {MAX_REASON_LENGTH} at most."
        raise LedgerError(msg)
    if _LIKE_A_CIVIC_NUMBER.search(reason):
        msg = "The reason holds what may be a civic number. Write it without anything that tells who a pupil is."
        raise LedgerError(msg)


def _until(kind: str, until: date | None, today: date) -> date | None:
    """Give the last day of an answer."""
    if kind == WITHDRAWN:
        return None
    if until is None:
        return today + timedelta(days=USUAL_DAYS[kind])
    if until < today:
        msg = f"Until {until}, which has passed. Choose today or a later day."
        raise LedgerError(msg)
    latest = today + timedelta(days=LONGEST_DAYS[kind])
    if until > latest:
        msg = f"Until {until}, which is too far away. Choose {latest} at the latest, and answer again then."
        raise LedgerError(msg)
    return until


def _require_answerable(connection: Connection, fingerprint: str, kind: str, today: date) -> Mapping[Any, Any]:
    """Give the issue, if it can be answered so."""
    statement = sa.select(ISSUES.c.rule, ISSUES.c.state, ISSUES.c.opened_night)
    issue = connection.execute(statement.where(ISSUES.c.fingerprint == fingerprint)).mappings().one_or_none()
    if issue is None:
        msg = "There is no issue with this fingerprint. See `narvaro issues list --all`."
        raise LedgerError(msg)
    if kind == VERIFIED and issue["rule"] in NEVER_VERIFIED:
        msg = f"{issue['rule']} is not about what data say, so they cannot be right. Acknowledge it instead."
        raise LedgerError(msg)
    if kind == ACKNOWLEDGED and issue["state"] != "open":
        msg = "The issue is resolved already: nothing is left to mend."
        raise LedgerError(msg)
    if kind == WITHDRAWN:
        current = newest_answers(connection, fingerprint).get(fingerprint)
        # Taken back twice is taken back.
        is_there = current is not None and (current.kind == WITHDRAWN or current.holds(issue["opened_night"], today))
        if not is_there:
            msg = "No answer is in force, so there is none to withdraw."
            raise LedgerError(msg)
    return issue


def _said(answer: AnswerRecord) -> IssueEventRecord:
    """Give an answer as a step of its issue's life."""
    return IssueEventRecord(
        fingerprint=answer.fingerprint,
        night=answer.answered_at.date(),
        event="unanswered" if answer.kind == WITHDRAWN else answer.kind,
        recorded_at=answer.answered_at,
        by=answer.answered_by,
        reason=answer.reason,
        until=answer.until,
    )


def _told(row: Mapping[Any, Any]) -> IssueEventRecord:
    """Give what people were told as a step of an issue's life."""
    return IssueEventRecord(row["fingerprint"], row["night"], row["kind"], row["recorded_at"])
