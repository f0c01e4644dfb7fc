"""Sending the e-mails that wait in the outbox, over a real SMTP conversation."""

from __future__ import annotations

import email.policy
import smtplib
from datetime import UTC, datetime
from email.parser import BytesParser
from email.utils import localtime
from typing import TYPE_CHECKING

from narvaro.alerts.conversation import TroubleError, conversation, say
from narvaro.alerts.outcome import Outbox, Outcome, WaitingLetter, bounce, refuse

if TYPE_CHECKING:
    from collections.abc import Sequence
    from email.message import EmailMessage

    from narvaro.connections import Connection

CHANNEL = "email"


def send_emails(outbox: Outbox, connection: Connection, *, now: datetime | None = None) -> Outcome:
    """Send every e-mail whose time has come, and tell what became of them.

    A letter is marked at once when the server has taken it. The caller holds the outbox alone.

    Raises:
        AlertError: the server cannot be reached or does not let us in; every letter waits on as it was.
    """
    now = now or datetime.now(UTC)
    waiting, outcome = outbox.pending_letters(now, CHANNEL), Outcome()
    if not waiting:
        return outcome
    with conversation(connection, len(waiting)) as server:
        _send_each(outbox, server, waiting, outcome, now=now)
    return outcome


def send_pending(outbox: Outbox, connection: Connection, *, now: datetime | None = None) -> int:
    """Send every e-mail whose time has come and give how many were accepted.

    Raises:
        AlertError: the server cannot be reached, or did not accept every letter.
    """
    return send_emails(outbox, connection, now=now).require_all_accepted(connection.conn_id)


def _send_each(
    outbox: Outbox, server: smtplib.SMTP, waiting: Sequence[WaitingLetter], outcome: Outcome, *, now: datetime
) -> None:
    """Send letter by letter; when the server hangs up, the others wait as they were."""
    for index, letter in enumerate(waiting):
        try:
            say(server, _dated(letter), letter.recipient)
        except TroubleError as trouble:
            if trouble.is_permanent:
                bounce(outbox, letter, trouble.reason, outcome)
            else:
                refuse(outbox, letter, trouble.reason, outcome, now=now)
            if trouble.has_hung_up:
                outcome.refusals[trouble.reason] += len(waiting) - index - 1
                return
        else:
            outbox.mark_sent(letter.key)
            outcome.sent += 1


def _dated(letter: WaitingLetter) -> EmailMessage:
    """Give the letter with the date of its sending."""
    parser = BytesParser(policy=email.policy.SMTP)
    message = parser.parsebytes(letter.message.encode("ascii"))
    message["Date"] = localtime()
    return message
