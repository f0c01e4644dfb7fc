"""Keeps what each source can do in the ledger: asked before its first night, and again every week."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from narvaro.sources.ss12000.lists import CHANGING
from narvaro.sources.ss12000.opening import open_transport
from narvaro.sources.ss12000.probe import Capabilities, differences, probe
from narvaro.sources.ss12000.probe.capabilities import DELETED

if TYPE_CHECKING:
    from narvaro.ledger import CapabilityRecord
    from narvaro.orchestration.line import Line

PROBE_EVERY = timedelta(days=7)
# While a list is not there the plan is made without it: it is looked for again before each night.
PROBE_EVERY_WHEN_ABSENT = timedelta(hours=20)
# Sums to compare with; a source without them is read all the same.
_NO_LOSS = frozenset({"/aggregatedAttendance"})


def probe_source(line: Line, source_name: str) -> tuple[Capabilities, list[str]]:
    """Ask a source what it can do and keep it; gives that, and what has changed since the last time.

    Raises:
        NarvaroError: the source cannot be asked; the error is the one that its night would meet.
    """
    found = _asked(line, source_name)
    before = line.ledger.capabilities(source_name)
    earlier = Capabilities.from_dict(before.capabilities) if before else found
    kept = found.resting_on(earlier)
    _catch_up(line, source_name, earlier.absent - kept.absent)
    line.ledger.record_capabilities(source_name, kept.to_dict(), kept.fingerprint(), datetime.now(UTC))
    return kept, differences(earlier, kept)


def probe_when_due(line: Line, source_name: str) -> Capabilities:
    """Give what a source can do, asked anew when nobody has asked for a week.

    Raises:
        NarvaroError: the source cannot be asked; the error is the night's own.
    """
    known = line.ledger.capabilities(source_name)
    if known is None or _is_due(known):
        return probe_source(line, source_name)[0]
    return Capabilities.from_dict(known.capabilities)


def standing_changes(line: Line, source_name: str) -> list[str]:
    """Give what has changed at a source in the week before its newest probe, however often it was asked in it."""
    history = line.ledger.capability_history(source_name)
    if not history:
        return []
    newest = history[0]
    before = next((old for old in history[1:] if old.probed_at <= newest.probed_at - PROBE_EVERY), history[-1])
    return differences(Capabilities.from_dict(before.capabilities), Capabilities.from_dict(newest.capabilities))


def _asked(line: Line, source_name: str) -> Capabilities:
    """Ask a source, with the manners of a night."""
    source = line.county.source(source_name)
    transport = open_transport(source, line.find_connection(source.conn_id), manners=line.manners)
    try:
        return probe(
            transport,
            timezone=line.county.timezone,
            naive_timezone=ZoneInfo(source.naive_timezone) if source.naive_timezone else None,
            page_size=source.page_size,
        )
    finally:
        transport.close()


def _is_due(known: CapabilityRecord) -> bool:
    """Tell whether a source is to be asked anew."""
    is_less = Capabilities.from_dict(known.capabilities).absent - _NO_LOSS
    return datetime.now(UTC) - known.probed_at >= (PROBE_EVERY_WHEN_ABSENT if is_less else PROBE_EVERY)


def _catch_up(line: Line, source_name: str, returned: frozenset[str]) -> None:
    """Have lists that were not served be read whole: their cursors have moved on without them."""
    for resource in CHANGING:
        # What was deleted while nobody could be told is found by reading everything.
        if resource.path in returned or DELETED in returned:
            for entity in resource.entities:
                line.ledger.mark_due(source_name, entity, "full", f"{min(returned)} was not served before")
