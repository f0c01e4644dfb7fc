"""A report on how well a server keeps to the standard, for whoever will have it read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from narvaro.connections import Connection
from narvaro.sources.ss12000.auth import way_in
from narvaro.sources.ss12000.client import checked_url, open_client
from narvaro.sources.ss12000.patience import Patience
from narvaro.sources.ss12000.probe.capabilities import Capabilities
from narvaro.sources.ss12000.probe.check import Check
from narvaro.sources.ss12000.probe.checks_doors import checks_of_doors
from narvaro.sources.ss12000.probe.checks_extras import checks_of_extras
from narvaro.sources.ss12000.probe.checks_lists import checks_of_lists
from narvaro.sources.ss12000.probe.checks_rows import checks_of_rows
from narvaro.sources.ss12000.probe.document import Document, checks_of_document
from narvaro.sources.ss12000.probe.evidence import Evidence, gather
from narvaro.sources.ss12000.probe.wire_log import WireLog
from narvaro.sources.ss12000.tls import identity_from_extra
from narvaro.sources.ss12000.transport import Transport

_NAME = "the server"
_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Report:
    """What was found at one address."""

    url: str
    examined_at: datetime
    capabilities: Capabilities
    checks: tuple[Check, ...]

    @property
    def counts(self) -> Counter[str]:
        """How many checks ended how."""
        return Counter(check.outcome for check in self.checks)

    @property
    def is_conforming(self) -> bool:
        """Whether no check failed; warnings are lived with."""
        return not self.counts["fail"]

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain JSON values."""
        return {
            "url": self.url,
            "examined_at": self.examined_at.isoformat(timespec="seconds"),
            "is_conforming": self.is_conforming,
            "counts": {outcome: self.counts[outcome] for outcome in ("fail", "warn", "pass", "skipped")},
            "checks": [check.to_dict() for check in self.checks],
            "capabilities": self.capabilities.to_dict(),
        }


def examine(
    connection: Connection,
    *,
    document: Path | None = None,
    page_size: int = 1000,
    patience: Patience | None = None,
) -> Report:
    """Examine a server.

    Args:
        connection: its base address, up to and with v2.0, and the way in.
        document: a copy of the standard's OpenAPI document, to hold rows against.
        page_size: what a night will ask for on a page.
        patience: how often and how long a request is tried again.

    Raises:
        NarvaroError: the server answers nothing at all, or an argument cannot be used.
    """
    base_url = checked_url(connection.host, "URL")
    standard = Document.read(document) if document else None
    identity = identity_from_extra(connection.extra)
    doors = (way_in(_NAME, connection, None), None)
    client, stranger = (open_client(auth, timeout_seconds=_TIMEOUT_SECONDS, identity=identity) for auth in doors)
    log = WireLog(base_url)
    client.event_hooks["response"].append(log.note)
    transport = Transport(_NAME, base_url, client, patience or Patience(attempts=3, longest_wait_seconds=30.0))
    with client, stranger:
        evidence = gather(transport, log, stranger, page_size=page_size)
    checks = [*_checks(evidence), *(checks_of_document(evidence, standard) if standard else ())]
    return Report(base_url, datetime.now(UTC), evidence.capabilities, tuple(checks))


def _checks(evidence: Evidence) -> list[Check]:
    """Make every check."""
    of = (checks_of_doors, checks_of_lists, checks_of_rows, checks_of_extras)
    return [check for checks in of for check in checks(evidence)]
