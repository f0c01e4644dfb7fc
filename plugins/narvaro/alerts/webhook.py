"""One webhook: a JSON document, signed as Standard Webhooks says, so that receivers need no code of ours."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import logging
import ssl
from contextvars import ContextVar
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from narvaro.errors import AlertError

if TYPE_CHECKING:
    from datetime import datetime

    from narvaro.connections import Connection

TIMEOUT_SECONDS = 20.0
# The receiver says that it wants no more (410).
GONE = "answer 410"
SECRET_PREFIX = "whsec_"  # noqa: S105 - the mark of such a secret, as the standard writes it
_LEAST_SECRET_BYTES = 24
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_is_posting: ContextVar[bool] = ContextVar("_is_posting", default=False)


def signature(secret: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """Give the signature of a body: HMAC-SHA-256 over id, timestamp and body, in base64."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode("ascii")


def post_webhook(connection: Connection, message: str, *, now: datetime) -> str:
    """Post a notice; give why it was not accepted, empty when it was.

    The same notice has the same id and body however often it is posted; the timestamp is each try's own.

    Raises:
        AlertError: the connection is unsafe or incomplete.
    """
    url, secret, body = _address(connection), _secret(connection), message.encode()
    message_id, timestamp = json.loads(message)["id"], int(now.timestamp())
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": message_id,
        "User-Agent": "narvaro",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, message_id, timestamp, body),
    }
    _keep_addresses_out_of_the_log()
    token = _is_posting.set(True)
    try:
        context = ssl.create_default_context(cafile=connection.extra.get("ca_path"))
        # What the receiver says beside its code is of no interest, and may be long.
        with httpx.stream(
            "POST", url, content=body, headers=headers, timeout=TIMEOUT_SECONDS, verify=context
        ) as answer:
            return "" if answer.is_success else f"answer {answer.status_code}"
    except (httpx.HTTPError, OSError) as error:
        return type(error).__name__
    finally:
        _is_posting.reset(token)


def _address(connection: Connection) -> str:
    """Give where to post; what goes out holds links that open pages, and goes out sealed."""
    url = connection.host
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host:
        message = "host is no web address"
        raise AlertError(message)
    if parts.scheme != "https" and host not in _LOOPBACK:
        message = "host is not https"
        raise AlertError(message)
    if connection.port and not port:
        netloc = f"{parts.netloc}:{connection.port}"
        url = parts._replace(netloc=netloc).geturl()
    return url


def _secret(connection: Connection) -> bytes:
    """Give the key that signs; the receiver has the same text."""
    try:
        secret = base64.b64decode(connection.password.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) < _LEAST_SECRET_BYTES:
        message = f"password is no signing secret ({SECRET_PREFIX} and 24 bytes or more in base64)"
        raise AlertError(message)
    return secret


def _keep_addresses_out_of_the_log() -> None:
    """Keep httpx from logging what it asks for while we post: such an address may be all that it takes."""
    logger = logging.getLogger("httpx")
    if _is_spoken_freely not in logger.filters:
        logger.addFilter(_is_spoken_freely)


def _is_spoken_freely(_record: logging.LogRecord) -> bool:
    return not _is_posting.get()
