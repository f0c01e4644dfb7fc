"""From a configured source and its connection to a connector."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import httpx

from narvaro.connections import Connection
from narvaro.county import Source
from narvaro.errors import SettingsError
from narvaro.privacy import Pseudonymiser
from narvaro.sources.ss12000.auth import ClientCredentials, FixedBearer
from narvaro.sources.ss12000.connector import Connector
from narvaro.sources.ss12000.context import Context
from narvaro.sources.ss12000.paging import RESEND_FILTERS, ResendFilters, Walker
from narvaro.sources.ss12000.reading import Reader
from narvaro.sources.ss12000.transport import Patience, Transport, checked_url, open_client


def connect(
    source: Source,
    connection: Connection,
    pseudonymiser: Pseudonymiser,
    timezone: ZoneInfo,
    *,
    patience: Patience | None = None,
) -> Connector:
    """Open a source; nothing is sent before it is read.

    Args:
        source: the source's entry in the county's configuration.
        connection: its address and credentials.
        pseudonymiser: keyed for this source.
        timezone: the county's, for the local date of lessons.
        patience: how often and how long a request is tried again.

    Raises:
        SettingsError: an address or credential is missing or cannot be used.
    """
    extra = connection.extra
    base_url = checked_url(source.base_url or connection.host, f"{source.name}: base_url")
    client = open_client(
        _auth(source, connection),
        timeout_seconds=source.timeout_seconds,
        ca_file=str(extra.get("ca_file") or ""),
        certificate=(str(extra["client_cert"]), str(extra.get("client_key") or ""))
        if extra.get("client_cert")
        else None,
    )
    naive_timezone = ZoneInfo(source.naive_timezone) if source.naive_timezone else timezone
    transport = Transport(source.name, base_url, client, patience or Patience())
    walker = Walker(transport, source.page_size, _resend_filters(source, connection))
    context = Context(pseudonymiser, timezone, naive_timezone)
    return Connector(Reader(walker, naive_timezone), context, timedelta(minutes=source.overlap_minutes))


def _auth(source: Source, connection: Connection) -> httpx.Auth:
    """Give the way in: client credentials where there is a token address, else a fixed token."""
    extra = connection.extra
    token_url = source.token_url or str(extra.get("token_url") or "")
    if token_url:
        if not connection.login or not connection.password:
            message = f"{source.name}: {connection.conn_id} lacks login or password. Add the client id and secret."
            raise SettingsError(message)
        return ClientCredentials(
            source=source.name,
            token_url=checked_url(token_url, f"{source.name}: token_url"),
            client_id=connection.login,
            client_secret=connection.password,
            scope=str(extra.get("scope") or ""),
        )
    if not connection.password:
        message = (
            f"{source.name}: neither token_url nor a password in {connection.conn_id}. "
            "Add token_url with login and password, or a fixed bearer token as the password."
        )
        raise SettingsError(message)
    return FixedBearer(connection.password)


def _resend_filters(source: Source, connection: Connection) -> ResendFilters:
    """Give what is sent beside a page token; true and false are the short forms."""
    chosen: bool | str = connection.extra.get("resend_filters", source.resend_filters)
    if isinstance(chosen, bool):
        return "always" if chosen else "required_only"
    for mode in RESEND_FILTERS:
        if chosen == mode:
            return mode
    message = f"{source.name}: resend_filters is not known. Wanted one of {', '.join(RESEND_FILTERS)}."
    raise SettingsError(message)
