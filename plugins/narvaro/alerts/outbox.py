"""Sending what waits in the outbox, over a real SMTP conversation."""

from __future__ import annotations

import email.policy
import smtplib
import ssl
from collections import Counter
from contextlib import contextmanager
from email.parser import BytesParser
from email.utils import localtime
from typing import TYPE_CHECKING, Protocol

from narvaro.errors import AlertError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from email.message import EmailMessage

    from narvaro.connections import Connection

TIMEOUT_SECONDS = 30.0
_PORTS = {"none": 25, "starttls": 587, "ssl": 465}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class WaitingLetter(Protocol):
    """What a queued letter must tell to be sent."""

    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def recipient(self) -> str: ...  # noqa: D102
    @property
    def message(self) -> str: ...  # noqa: D102


class Outbox(Protocol):
    """Where letters wait."""

    def pending_letters(self) -> Sequence[WaitingLetter]:
        """Give the letters that wait, oldest first."""

    def mark_sent(self, key: str) -> None:
        """Note that the mail server has accepted a letter."""

    def mark_failed(self, key: str) -> None:
        """Note a try that it did not accept; the letter waits on."""


def send_pending(outbox: Outbox, connection: Connection) -> int:
    """Send every waiting letter and give how many were accepted.

    A letter is marked at once when the server has taken it. The caller holds the outbox alone.

    Raises:
        AlertError: the server cannot be reached, or did not accept every letter; those wait on.
    """
    waiting = outbox.pending_letters()
    if not waiting:
        return 0
    with _conversation(connection, len(waiting)) as server:
        refusals = _send_each(outbox, server, waiting)
    sent = len(waiting) - sum(refusals.values())
    if refusals:
        reasons = ", ".join(f"{reason}: {count}" for reason, count in sorted(refusals.items()))
        message = (
            f"{connection.conn_id}: {sent} of {len(waiting)} letters accepted, the others wait for the next run "
            f"({reasons}). Check the recipients' addresses and the mail server."
        )
        raise AlertError(message)
    return sent


def _send_each(outbox: Outbox, server: smtplib.SMTP, waiting: Sequence[WaitingLetter]) -> Counter[str]:
    """Send letter by letter and give how many were not accepted, by reason."""
    refusals: Counter[str] = Counter()
    for index, letter in enumerate(waiting):
        try:
            server.send_message(_dated(letter), to_addrs=[letter.recipient])
        except OSError as error:  # SMTP's own errors are among them
            outbox.mark_failed(letter.key)
            if not isinstance(error, smtplib.SMTPException) or isinstance(error, smtplib.SMTPServerDisconnected):
                refusals["the server hung up"] += len(waiting) - index
                break
            refusals[_code(error)] += 1
        else:
            outbox.mark_sent(letter.key)
    return refusals


@contextmanager
def _conversation(connection: Connection, waiting: int) -> Iterator[smtplib.SMTP]:
    """Hold an authenticated conversation with the mail server."""
    try:
        server = _connect(connection)
    except (OSError, smtplib.SMTPException, ssl.SSLError) as error:
        message = (
            f"{connection.conn_id}: the mail server {connection.host} did not let us in ({_code(error)}); "
            f"{waiting} letters wait for the next run. Check the connection's host, port, tls and login."
        )
        raise AlertError(message) from None
    try:
        yield server
    finally:
        try:
            server.quit()
        except (OSError, smtplib.SMTPException):
            server.close()


def _connect(connection: Connection) -> smtplib.SMTP:
    """Connect as the connection says: `extra.tls` is starttls (the default), ssl or none."""
    tls = str(connection.extra.get("tls", "starttls"))
    if tls not in _PORTS:
        message = f"{connection.conn_id}: extra.tls is none of starttls, ssl and none. Correct the connection."
        raise AlertError(message)
    if tls == "none" and connection.login and connection.host not in _LOOPBACK:
        message = f"{connection.conn_id}: its password would travel in the clear. Set extra.tls to starttls or ssl."
        raise AlertError(message)
    port = connection.port or _PORTS[tls]
    context = ssl.create_default_context(cafile=connection.extra.get("ca_path"))
    server: smtplib.SMTP
    if tls == "ssl":
        server = smtplib.SMTP_SSL(connection.host, port, timeout=TIMEOUT_SECONDS, context=context)
    else:
        server = smtplib.SMTP(connection.host, port, timeout=TIMEOUT_SECONDS)
    try:
        if tls == "starttls":
            server.starttls(context=context)
        if connection.login:
            server.login(connection.login, connection.password)
    except BaseException:
        server.close()
        raise
    return server


def _dated(letter: WaitingLetter) -> EmailMessage:
    """Give the letter with the date of its sending."""
    parser = BytesParser(policy=email.policy.SMTP)
    message = parser.parsebytes(letter.message.encode("ascii"))
    message["Date"] = localtime()
    return message


def _code(error: Exception) -> str:
    """Give the server's code, or the kind of trouble; its words may repeat an address."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = sorted({str(code) for code, _ in error.recipients.values()})
        return f"recipient refused, {', '.join(codes)}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"answer {error.smtp_code}"
    return type(error).__name__
