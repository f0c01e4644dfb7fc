"""A letter's form on the wire: one MIME message with the same words as text and as HTML."""

from __future__ import annotations

import hashlib
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from narvaro.county.model import Letters


def message_id(key: str, sender_address: str) -> str:
    """Give the Message-ID of a letter's key: the same letter is the same message however often it is sent."""
    digest = hashlib.sha256(key.encode()).hexdigest()[:32]
    return f"<{digest}@{sender_address.rpartition('@')[2]}>"


def compose_message(  # noqa: PLR0913 - the parts of a letter
    *,
    key: str,
    letters: Letters,
    recipient: str,
    language: str,
    subject: str,
    text: str,
    html: str,
) -> str:
    """Give the whole message but its date, which is the day it is sent; the same input, the same bytes."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(display_name=letters.sender_name, addr_spec=letters.sender_address)
    message["To"] = Address(addr_spec=recipient)
    message["Reply-To"] = Address(addr_spec=letters.reply_to)
    message["Subject"] = subject
    message["Message-ID"] = message_id(key, letters.sender_address)
    # Absence replies and mailing lists leave such letters alone.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    # Last, for what is said of the content before is moved to the first of the two.
    message["Content-Language"] = language
    message.set_boundary(f"=_{hashlib.sha256(key.encode()).hexdigest()[:24]}")
    return message.as_bytes().decode("ascii")
