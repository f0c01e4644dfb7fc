"""The ledger's pages on what leaves the house: letters and releases."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from narvaro.errors import LedgerError
from narvaro.ledger.pages import Pages
from narvaro.ledger.records import LetterRecord, ReleaseRecord, ReleaseTable
from narvaro.ledger.tables import LETTERS, RELEASES

if TYPE_CHECKING:
    from collections.abc import Mapping


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


class JournalPages(Pages):
    """The outbox and the releases."""

    def queue_letter(self, letter: ComposedLetter) -> bool:
        """Put a letter in the outbox; False when its key was there already.

        A letter still pending takes the newer text, a sent one stands.
        """
        content = {"language": letter.language, "subject": letter.subject, "message": letter.message}
        mine = LETTERS.c.key == letter.key
        with self._write() as connection:
            status = connection.execute(sa.select(LETTERS.c.status).where(mine)).scalar()
            if status is None:
                row = {"key": letter.key, "night": letter.night, "recipient": letter.recipient, **content}
                now = datetime.now(UTC)
                connection.execute(sa.insert(LETTERS).values(**row, status="pending", attempts=0, queued_at=now))
            elif status == "pending":
                connection.execute(sa.update(LETTERS).where(mine).values(**content))
        return status is None

    def pending_letters(self) -> list[LetterRecord]:
        """Give the letters that wait to be sent, oldest first."""
        return self._letters(sa.select(LETTERS).where(LETTERS.c.status == "pending"))

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
        values = {"status": "sent", "sent_at": datetime.now(UTC), "attempts": LETTERS.c.attempts + 1}
        self._change_letter(key, values)

    def mark_failed(self, key: str) -> None:
        """Note a try that the mail server did not accept; the letter stays pending."""
        self._change_letter(key, {"attempts": LETTERS.c.attempts + 1})

    def _change_letter(self, key: str, values: Mapping[str, Any]) -> None:
        with self._write() as connection:
            changed = connection.execute(sa.update(LETTERS).where(LETTERS.c.key == key).values(**values)).rowcount
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
