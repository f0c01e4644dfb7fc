"""The ledger's pages on what leaves the house: letters and releases."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from narvaro.errors import LedgerError
from narvaro.ledger.pages import Pages
from narvaro.ledger.records import LetterRecord, ReleaseRecord, ReleaseTable
from narvaro.ledger.tables import LETTERS, RELEASES, UtcTime

if TYPE_CHECKING:
    from collections.abc import Mapping


# No letter waits longer than this for its next try.
LONGEST_WAIT = timedelta(days=1)


class ComposedLetter(Protocol):
    """What a letter must tell to be queued."""

    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def night(self) -> date: ...  # noqa: D102
    @property
    def recipient(self) -> str: ...  # noqa: D102
    @property
    def language(self) -> str: ...  # noqa: D102
    @property
    def subject(self) -> str: ...  # noqa: D102
    @property
    def message(self) -> str: ...  # noqa: D102
    @property
    def channel(self) -> str: ...  # noqa: D102
    @property
    def role(self) -> str: ...  # noqa: D102


class JournalPages(Pages):
    """The outbox and the releases."""

    def queue_letter(self, letter: ComposedLetter) -> bool:
        """Put a letter in the outbox; False when its key was there already.

        A letter still pending takes the newer text, a sent one stands. One with a `not_before` waits till then.
        """
        not_before: datetime | None = getattr(letter, "not_before", None)
        content = {"language": letter.language, "subject": letter.subject, "message": letter.message}
        way = {"channel": letter.channel, "role": letter.role}
        mine = LETTERS.c.key == letter.key
        with self._write() as connection:
            status = connection.execute(sa.select(LETTERS.c.status).where(mine)).scalar()
            if status is None:
                row = {"key": letter.key, "night": letter.night, "recipient": letter.recipient, **way, **content}
                now = datetime.now(UTC)
                state = {"status": "pending", "attempts": 0, "queued_at": now, "next_attempt_at": not_before}
                connection.execute(sa.insert(LETTERS).values(**row, **state))
            elif status == "pending":
                # The newer text may be more urgent; after a try it is the server's answer that says when.
                due_at = sa.case(
                    (LETTERS.c.attempts == 0, sa.literal(not_before, UtcTime())), else_=LETTERS.c.next_attempt_at
                )
                connection.execute(sa.update(LETTERS).where(mine).values(**content, next_attempt_at=due_at))
        return status is None

    def pending_letters(self, now: datetime | None = None, channel: str | None = None) -> list[LetterRecord]:
        """Give the letters that wait to be sent, oldest first; with `now`, only those whose next try is due."""
        statement = sa.select(LETTERS).where(LETTERS.c.status == "pending")
        if channel is not None:
            statement = statement.where(LETTERS.c.channel == channel)
        if now is not None:
            due_at = LETTERS.c.next_attempt_at
            # A try further off than any wait of ours was set by a clock that has gone back since.
            statement = statement.where(due_at.is_(None) | (due_at <= now) | (due_at > now + LONGEST_WAIT))
        return self._letters(statement)

    def letters(self, night: date | None = None) -> list[LetterRecord]:
        """Give every letter, sent and pending, oldest first."""
        statement = sa.select(LETTERS)
        return self._letters(statement if night is None else statement.where(LETTERS.c.night == night))

    def _letters(self, statement: sa.Select[Any]) -> list[LetterRecord]:
        with self._read() as connection:
            rows = connection.execute(statement.order_by(LETTERS.c.night, LETTERS.c.key)).mappings()
            return [LetterRecord(**row) for row in rows]

    def mark_sent(self, key: str) -> None:
        """Note that the mail server has accepted the letter.

        Raises:
            LedgerError: no letter has this key.
        """
        values = {"status": "sent", "sent_at": datetime.now(UTC), "failed_reason": "", "next_attempt_at": None}
        self._change_letter(key, values | {"attempts": LETTERS.c.attempts + 1})

    def mark_failed(self, key: str, reason: str = "", next_attempt_at: datetime | None = None) -> None:
        """Note a try that the server did not accept; the letter stays pending till its next try, or the next run."""
        values = {"failed_reason": reason, "next_attempt_at": next_attempt_at}
        self._change_letter(key, values | {"attempts": LETTERS.c.attempts + 1})

    def mark_bounced(self, key: str, reason: str) -> None:
        """Note that a letter came back; it is kept, and not sent again unless it is requeued."""
        self._change_letter(key, {"status": "bounced", "failed_reason": reason, "next_attempt_at": None})

    def mark_given_up(self, key: str, reason: str) -> None:
        """Note that a letter will not be tried again; it is kept, and can be requeued."""
        self._change_letter(key, {"status": "given_up", "failed_reason": reason, "next_attempt_at": None})

    def requeue_letter(self, key: str) -> None:
        """Have a letter that bounced or was given up sent again; a sent one, or one whose text is gone, is left alone.

        Raises:
            LedgerError: no such letter has bounced or been given up.
        """
        values = {"status": "pending", "attempts": 0, "failed_reason": "", "next_attempt_at": None}
        self._change_letter(key, values, only=("bounced", "given_up"))

    def _change_letter(self, key: str, values: Mapping[str, Any], *, only: tuple[str, ...] = ()) -> None:
        mine = LETTERS.c.key == key
        if only:
            mine &= LETTERS.c.status.in_(only) & (LETTERS.c.message != "")
        with self._write() as connection:
            changed = connection.execute(sa.update(LETTERS).where(mine).values(**values)).rowcount
            if not changed:
                msg = f"No letter {key} in the outbox. Queue it before it is sent."
                raise LedgerError(msg)

    def record_release(self, release: ReleaseRecord) -> None:
        """Keep a release; the same id again replaces a preliminary one and never an official one.

        Raises:
            LedgerError: an official release has this id already.
        """
        mine = RELEASES.c.release_id == release.release_id
        row = asdict(release) | {"load_ids": list(release.load_ids), "audit": dict(release.audit)}
        with self._write() as connection:
            status = connection.execute(sa.select(RELEASES.c.status).where(mine)).scalar()
            if status == "official":
                msg = f"The release {release.release_id} is official and stands. Make a new one."
                raise LedgerError(msg)
            connection.execute(sa.delete(RELEASES).where(mine))
            connection.execute(sa.insert(RELEASES).values(**row))

    def releases(self) -> list[ReleaseRecord]:
        """Give the releases, newest first."""
        statement = sa.select(RELEASES).order_by(RELEASES.c.made_at.desc(), RELEASES.c.release_id)
        with self._read() as connection:
            return [_release(row) for row in connection.execute(statement).mappings()]


def _release(row: Mapping[Any, Any]) -> ReleaseRecord:
    tables = tuple(ReleaseTable(**entry) for entry in row["tables"])
    return ReleaseRecord(**{**row, "load_ids": tuple(row["load_ids"]), "tables": tables})
