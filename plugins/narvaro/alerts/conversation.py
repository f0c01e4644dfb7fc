"""A conversation with a mail server, step by step, for each step's refusal means something else."""

from __future__ import annotations

import re
import smtplib
import ssl
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from narvaro.errors import AlertError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

    from narvaro.connections import Connection

TIMEOUT_SECONDS = 30.0
_PORTS = {"none": 25, "starttls": 587, "ssl": 465}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_OK = range(200, 300)
_PERMANENT = range(500, 600)
_CLOSING = 421
# RFC 3463: 5.7 is about us (relaying, policy, blocklists), not about the address.
_ABOUT_US = re.compile(rb"5\.7\.")


class TroubleError(Exception):
    """One letter was not accepted; `is_permanent` when its address takes none at all.

    The reason holds the server's code and never its words, which may repeat an address.
    """

    def __init__(self, reason: str, *, is_permanent: bool = False, has_hung_up: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.is_permanent, self.has_hung_up = reason, is_permanent, has_hung_up


@contextmanager
def conversation(connection: Connection, waiting: int) -> Iterator[smtplib.SMTP]:
    """Hold an authenticated conversation with the mail server.

    Raises:
        AlertError: the server cannot be reached or does not let us in.
    """
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


def say(server: smtplib.SMTP, message: EmailMessage, recipient: str) -> None:
    """Hand one letter over.

    Raises:
        TroubleError: it was not accepted.
    """
    try:
        server.ehlo_or_helo_if_needed()
        _say(server, message, recipient)
    except (smtplib.SMTPServerDisconnected, smtplib.SMTPConnectError, TimeoutError, ConnectionError, ssl.SSLError):
        reason = "the server hung up"
        raise TroubleError(reason, has_hung_up=True) from None


def _say(server: smtplib.SMTP, message: EmailMessage, recipient: str) -> None:
    sender = message["From"].addresses[0].addr_spec
    code, words = server.mail(sender)
    # A sender that is refused is our own fault, whatever the code.
    _require(server, code, words, "sender refused")
    code, words = server.rcpt(recipient)
    _require(server, code, words, "recipient refused", may_bounce=True)
    try:
        code, words = server.data(message.as_bytes())
    except smtplib.SMTPDataError as error:
        _require(server, error.smtp_code, _bytes(error.smtp_error), "answer", may_bounce=True)
        raise
    # What a filter makes of the content may be another thing tomorrow.
    _require(server, code, words, "answer")


def _require(server: smtplib.SMTP, code: int, words: bytes, step: str, *, may_bounce: bool = False) -> None:
    """Demand that the server accepts a step, else leave it ready for the next letter.

    Raises:
        TroubleError: it does not.
    """
    if code in _OK:
        return
    reason = f"{step}, {code}" if step != "answer" else f"answer {code}"
    if code == _CLOSING or code < 0:
        server.close()
        raise TroubleError(reason, has_hung_up=True)
    with suppress(smtplib.SMTPException, OSError):
        server.rset()
    is_permanent = may_bounce and code in _PERMANENT and not _ABOUT_US.match(words)
    raise TroubleError(reason, is_permanent=is_permanent)


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


def _bytes(words: bytes | str) -> bytes:
    return words.encode("utf-8", "replace") if isinstance(words, str) else words


def _code(error: Exception) -> str:
    """Give the server's code, or the kind of trouble; its words may repeat an address."""
    return f"answer {error.smtp_code}" if isinstance(error, smtplib.SMTPResponseException) else type(error).__name__
