"""Sending the notices that wait in the outbox: signed webhooks, and chats through Apprise."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from narvaro.alerts.outcome import Outbox, Outcome, WaitingLetter, bounce, refuse
from narvaro.alerts.webhook import GONE, post_webhook
from narvaro.errors import AlertError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from narvaro.connections import Connection

CHANNEL = "notice"
_NO_CONNECTION = "no connection"


def send_notices(outbox: Outbox, find: Callable[[str], Connection], *, now: datetime | None = None) -> Outcome:
    """Send every notice whose time has come, and tell what became of them; one channel does not stop the others.

    A connection whose host is a web address is a webhook and its password signs; else its password is an
    address as Apprise writes it. The caller holds the outbox alone.
    """
    now, outcome = now or datetime.now(UTC), Outcome()
    for notice in outbox.pending_letters(now, CHANNEL):
        reason = _send(notice, find, now)
        if not reason:
            outbox.mark_sent(notice.key)
            outcome.sent += 1
        elif reason == GONE:
            bounce(outbox, notice, reason, outcome)
        else:
            refuse(outbox, notice, reason, outcome, now=now)
    return outcome


def _send(notice: WaitingLetter, find: Callable[[str], Connection], now: datetime) -> str:
    """Send one notice; give why it was not accepted, empty when it was."""
    try:
        connection = find(notice.recipient)
    except SettingsError:
        return _NO_CONNECTION
    try:
        if connection.host.startswith(("http://", "https://")):
            return post_webhook(connection, notice.message, now=now)
        return _say_in_chat(connection, notice.message)
    except AlertError as error:
        return str(error)


def _say_in_chat(connection: Connection, message: str) -> str:
    """Say a notice where Apprise's address leads."""
    # Half a second, which only those with a chat pay for.
    import apprise

    # What it logs of a failure may hold the address, which is a secret.
    logging.getLogger("apprise").disabled = True
    document = json.loads(message)
    asset = apprise.AppriseAsset(plugin_paths=[], async_mode=False, storage_mode=apprise.PersistentStoreMode.MEMORY)
    asset.app_id = "Närvaro"
    chat = apprise.Apprise(asset=asset)
    if not connection.password or not chat.add(connection.password):
        return "address not understood"
    accepted = chat.notify(
        title=document["title"], body=document["text"], body_format=apprise.NotifyFormat.TEXT, interpret_escapes=False
    )
    return "" if accepted else "not accepted"
