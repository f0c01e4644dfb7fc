"""The letters of a night: written, queued and sent, and what did not arrive told to the engineer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from narvaro.alerts import Outcome, compose_letters, engineer_letters, quiet_nights_before, send_emails, send_notices
from narvaro.errors import AlertError, SettingsError
from narvaro.orchestration.line import SMTP_CONN_ID
from narvaro.orchestration.web_links import web_links

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from narvaro.alerts import Letter
    from narvaro.errors import NarvaroError
    from narvaro.ledger import IssueRecord
    from narvaro.orchestration.line import Line


def write_letters(line: Line, night: date, issues: Iterable[IssueRecord]) -> list[Letter]:
    """Give the letters of a night without queueing them; a quiet day's news wait in the ledger for the next."""
    quiet = quiet_nights_before(line.county, night)
    return compose_letters(
        line.county,
        night,
        issues,
        earlier={earlier: line.ledger.issues_of_night(earlier) for earlier in quiet},
        written=frozenset(letter.key for earlier in quiet for letter in line.ledger.letters(earlier)),
        links=web_links(line),
    )


def queue_letters(line: Line, letters: Sequence[Letter]) -> None:
    """Put letters into the outbox; one that was sent stands."""
    for letter in letters:
        line.ledger.queue_letter(letter)


def send_waiting(line: Line, *, now: datetime | None = None) -> int:
    """Send whatever of the outbox is due, by every channel, and give how many were accepted.

    Raises:
        AlertError: a server could not be reached, or did not accept every letter.
        SettingsError: there is no connection to the mail server.
        BusyError: another process holds the outbox.
    """
    now = now or datetime.now(UTC)
    with line.ledger.lock("outbox"):
        outcome, unreached = _send_due(line, now)
        if outcome.lost:
            _tell_engineers(line, outcome, now)
            told, unreached_again = _send_due(line, now)
            outcome, unreached = outcome + told, unreached or unreached_again
    if unreached is not None:
        raise unreached
    return outcome.require_all_accepted("Outbox")


def _send_due(line: Line, now: datetime) -> tuple[Outcome, NarvaroError | None]:
    """Send what is due; a mail server that is down does not stop the channels."""
    notices = send_notices(line.ledger, line.find_connection, now=now)
    # Nobody with an empty outbox needs a mail server.
    if not line.ledger.pending_letters(now, "email"):
        return notices, None
    try:
        return notices + send_emails(line.ledger, line.find_connection(SMTP_CONN_ID), now=now), None
    except (AlertError, SettingsError) as error:
        return notices, error


def _tell_engineers(line: Line, outcome: Outcome, now: datetime) -> None:
    """Tell once a month and address that it takes no letters, unless it is the engineers' own."""
    night = line.county.night_of(now)
    ours = {recipient.email for recipient in line.county.engineers}
    for letter, reason, kind in outcome.lost:
        if letter.recipient not in ours:
            about = f"{night:%Y-%m}/{letter.recipient}"
            night_of_letter = letter.key.partition("/")[0]
            told = {"recipient": letter.recipient, "reason": reason, "key": letter.key, "written": night_of_letter}
            queue_letters(line, engineer_letters(line.county, night, kind, about=about, **told))
