"""From a configured source and its connection to a connector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from narvaro.connections import Connection
from narvaro.county import Source
from narvaro.errors import SettingsError
from narvaro.privacy import Pseudonymiser
from narvaro.sources.ss12000.auth import way_in
from narvaro.sources.ss12000.client import checked_url, open_client
from narvaro.sources.ss12000.connector import Connector
from narvaro.sources.ss12000.context import Context
from narvaro.sources.ss12000.known import Known
from narvaro.sources.ss12000.limits import HostManners, Limits, manners_of
from narvaro.sources.ss12000.paging import RESEND_FILTERS, ResendFilters, Walker
from narvaro.sources.ss12000.patience import Patience
from narvaro.sources.ss12000.reading import Reader
from narvaro.sources.ss12000.reasons import ReasonCodes
from narvaro.sources.ss12000.tls import identity_from_extra
from narvaro.sources.ss12000.transport import Transport


def connect(  # noqa: PLR0913 - each is a thing of its own that the caller has
    source: Source,
    connection: Connection,
    pseudonymiser: Pseudonymiser,
    timezone: ZoneInfo,
    *,
    patience: Patience | None = None,
    manners: HostManners | None = None,
    capabilities: Mapping[str, Any] | None = None,
    reason_codes: Mapping[str, Sequence[str]] | None = None,
) -> Connector:
    """Open a source; nothing is sent before it is read.

    Args:
        source: the source's entry in the county's configuration.
        connection: its address and credentials.
        pseudonymiser: keyed for this source.
        timezone: the county's, for the local date of lessons.
        patience: how often and how long a request is tried again.
        manners: what its host is asked to bear by all of our processes; no limit when absent.
        capabilities: what the probe found; where the source says otherwise, the source is believed.
        reason_codes: parts of words by coarse code, used only where the source's `reasons` is coarse.

    Raises:
        SettingsError: an address or credential is missing or cannot be used.
    """
    transport = open_transport(source, connection, patience=patience, manners=manners)
    naive_timezone = ZoneInfo(source.naive_timezone) if source.naive_timezone else timezone
    is_told = source.resend_filters is not None or "resend_filters" in connection.extra
    probed = {} if is_told else _probed_paging(capabilities or {})
    known = Known.of(capabilities)
    page_size = min(source.page_size, known.page_size or source.page_size)
    walker = Walker(transport, page_size, _resend_filters(source, connection), probed=probed)
    has_offsets = known.has_offsets and source.naive_timezone is None
    reasons = ReasonCodes(reason_codes or {}) if source.reasons == "coarse" else None
    context = Context(pseudonymiser, timezone, naive_timezone, has_offsets, reasons=reasons)
    reader = Reader(walker, naive_timezone, looks_twice=source.plan.look_twice)
    return Connector(reader, context, known.expected, known.absent, slack=known.slack)


def open_transport(
    source: Source, connection: Connection, *, patience: Patience | None = None, manners: HostManners | None = None
) -> Transport:
    """Open a source's wire alone; nothing is sent yet.

    Raises:
        SettingsError: an address or credential is missing or cannot be used.
    """
    extra = connection.extra
    field = "base_url" if source.base_url else f"host of {connection.conn_id}"
    base_url = checked_url(source.base_url or connection.host, f"{source.name}: {field}")
    client = open_client(
        way_in(source.name, connection, source.token_url),
        timeout_seconds=source.timeout_seconds,
        identity=identity_from_extra(extra),
        proxy=str(extra.get("proxy") or ""),
    )
    patience = patience or Patience()
    chosen = manners_of(manners, named=source.requests_per_second, extra=extra)
    return Transport(source.name, base_url, client, patience, Limits(source.name, chosen, base_url))


def _probed_paging(capabilities: Mapping[str, Any]) -> dict[str, ResendFilters]:
    """Give what the probe found each list's page tokens to want, where it found a safe way."""
    found = {path: facts.get("paging") for path, facts in capabilities.get("resources", {}).items()}
    return {path: mode for path, paging in found.items() for mode in RESEND_FILTERS if mode == paging}


def _resend_filters(source: Source, connection: Connection) -> ResendFilters:
    """Give what is sent beside a page token; true and false are the short forms."""
    chosen: bool | str = connection.extra.get("resend_filters", source.resend_filters or "required_only")
    if isinstance(chosen, bool):
        return "always" if chosen else "required_only"
    for mode in RESEND_FILTERS:
        if chosen == mode:
            return mode
    message = f"{source.name}: resend_filters is not known. Wanted one of {', '.join(RESEND_FILTERS)}."
    raise SettingsError(message)
