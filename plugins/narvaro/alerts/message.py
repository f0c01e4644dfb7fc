"""A letter's form on the wire: one MIME message with the same words as text and as HTML."""

from __future__ import annotations

import hashlib
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from narvaro.alerts.attachment import Attachment
    from narvaro.county.model import Letters


def digest_of_key(key: str) -> str:
    """Give a letter's key as a short name that tells nothing: the same letter, the same name."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def message_id(key: str, sender_address: str) -> str:
    """Give the Message-ID of a letter's key: the same letter is the same message however often it is sent."""
    return f"<{digest_of_key(key)}@{sender_address.rpartition('@')[2]}>"


def compose_message(  # noqa: PLR0913 - the parts of a letter
    *,
    key: str,
    letters: Letters,
    recipient: str,
    language: str,
    subject: str,
    text: str,
    html: str,
    attachment: Attachment | None = None,
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
    boundary = f"=_{digest_of_key(key)[:24]}"
    message.set_boundary(boundary)
    if attachment is not None:
        message.add_attachment(attachment.text, subtype="csv", filename=attachment.name, cte="quoted-printable")
        message.set_boundary(f"{boundary}_")
    # Last, for what is said of the content before is moved to the first of the parts.
    message["Content-Language"] = language
    return message.as_bytes().decode("ascii")
