"""The ledger's pages on forgetting: the source's own ids of rows, wherever findings and letters have told them."""

from __future__ import annotations

from email import message_from_string
from email.message import Message
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from narvaro.ledger.issue_tables import ISSUE_ANSWERS, ISSUES
from narvaro.ledger.pages import Pages
from narvaro.ledger.tables import LETTERS, VERDICTS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from datetime import date

    from sqlalchemy.engine import Connection


class ForgettingPages(Pages):
    """Takes record ids back that were told; what was counted stands."""

    def forget_record_ids(self, ids: Collection[str]) -> int:
        """Forget these ids in verdicts, issues and letters; give in how many of them they stood."""
        wanted = set(ids)
        with self._write() as connection:
            verdicts: Sequence[Any] = connection.execute(sa.select(VERDICTS.c.verdict_id, VERDICTS.c.failures)).all()
            issues: Sequence[Any] = connection.execute(sa.select(ISSUES.c.fingerprint, ISSUES.c.record_ids)).all()
            letters: Sequence[Any] = connection.execute(sa.select(LETTERS.c.key, LETTERS.c.message)).all()
            told = [key for key, message in letters if message and tells_any(message, wanted)]
            return (
                _forget_in_verdicts(connection, verdicts, wanted.__contains__)
                + _forget_in_issues(connection, issues, wanted.__contains__)
                + _forget_letters(connection, told)
                + _forget_reasons(connection, wanted)
            )

    def forget_record_ids_before(self, night: date) -> int:
        """Forget every id told before a night in verdicts, mended issues and done letters, and their answers' reasons.

        What people write in a reason is theirs: it may hold an id, or more than they should have written.
        """
        issue_is_old = (ISSUES.c.state == "resolved") & (ISSUES.c.last_seen_night < night)
        letter_is_old = (LETTERS.c.status != "pending") & (LETTERS.c.night < night) & (LETTERS.c.message != "")
        columns = (VERDICTS.c.verdict_id, VERDICTS.c.failures)
        with self._write() as connection:
            verdicts: Sequence[Any] = connection.execute(sa.select(*columns).where(VERDICTS.c.night < night)).all()
            issues: Sequence[Any] = connection.execute(
                sa.select(ISSUES.c.fingerprint, ISSUES.c.record_ids).where(issue_is_old)
            ).all()
            letters: Sequence[str] = connection.execute(sa.select(LETTERS.c.key).where(letter_is_old)).scalars().all()
            mended = sa.select(ISSUES.c.fingerprint).where(issue_is_old)
            return (
                _forget_in_verdicts(connection, verdicts, lambda _id: True)
                + _forget_in_issues(connection, issues, lambda _id: True)
                + _forget_letters(connection, letters)
                + _empty_reasons(connection, ISSUE_ANSWERS.c.fingerprint.in_(mended))
            )


def tells_any(message: str, ids: Collection[str]) -> bool:
    """Tell whether a letter names one of some ids, however its parts are encoded."""
    return any(record_id in text for text in _texts(message_from_string(message)) for record_id in ids)


def _texts(message: Message) -> Iterable[str]:
    """Give the decoded parts of a letter, and its head."""
    yield str(message["subject"])
    for part in message.walk():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            yield content.decode("utf-8", errors="replace")


def _forget_in_verdicts(connection: Connection, rows: Sequence[Any], is_forgotten: Callable[[str], bool]) -> int:
    """Take ids out of verdicts."""
    changed = 0
    for verdict_id, failures in rows:
        kept = [
            {**failure, "record_ids": [told for told in failure["record_ids"] if not is_forgotten(told)]}
            for failure in failures
        ]
        if kept != failures:
            mine = VERDICTS.c.verdict_id == verdict_id
            connection.execute(sa.update(VERDICTS).where(mine).values(failures=kept))
            changed += 1
    return changed


def _forget_in_issues(connection: Connection, rows: Sequence[Any], is_forgotten: Callable[[str], bool]) -> int:
    """Take ids out of issues."""
    changed = 0
    for fingerprint, ids in rows:
        kept = [record_id for record_id in ids if not is_forgotten(record_id)]
        if kept != list(ids):
            connection.execute(sa.update(ISSUES).where(ISSUES.c.fingerprint == fingerprint).values(record_ids=kept))
            changed += 1
    return changed


def _forget_reasons(connection: Connection, ids: Collection[str]) -> int:
    """Empty the reasons of answers that name one of some ids."""
    rows: Sequence[Any] = connection.execute(sa.select(ISSUE_ANSWERS.c.answer_id, ISSUE_ANSWERS.c.reason)).all()
    naming = [answer_id for answer_id, reason in rows if any(record_id in reason for record_id in ids)]
    return sum(_empty_reasons(connection, ISSUE_ANSWERS.c.answer_id == answer_id) for answer_id in naming)


def _empty_reasons(connection: Connection, where: sa.ColumnElement[bool]) -> int:
    """Empty answers' reasons; who answered what and until when stands."""
    statement = sa.update(ISSUE_ANSWERS).where(where, ISSUE_ANSWERS.c.reason != "").values(reason="")
    return connection.execute(statement).rowcount


def _forget_letters(connection: Connection, keys: Sequence[str]) -> int:
    """Empty letters that were sent, and take back those that were not: they are written anew."""
    for key in keys:
        mine = LETTERS.c.key == key
        connection.execute(sa.delete(LETTERS).where(mine, LETTERS.c.status == "pending"))
        connection.execute(sa.update(LETTERS).where(mine).values(message=""))
    return len(keys)
