"""The ledger's pages on what is known of a source: what it can do, and when it was last read whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from narvaro.ledger.pages import Pages
from narvaro.ledger.records import CapabilityRecord, ReadRecord
from narvaro.ledger.tables import SOURCE_CAPABILITIES, SOURCE_READS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class KnowledgePages(Pages):
    """What probes found, and which readings are due."""

    def record_capabilities(
        self, source: str, capabilities: Mapping[str, Any], fingerprint: str, probed_at: datetime
    ) -> None:
        """Keep what a probe found."""
        found = {"fingerprint": fingerprint, "capabilities": dict(capabilities)}
        mine = (SOURCE_CAPABILITIES.c.source == source) & (SOURCE_CAPABILITIES.c.probed_at == probed_at)
        with self._write() as connection:
            connection.execute(sa.delete(SOURCE_CAPABILITIES).where(mine))
            row = {"source": source, "probed_at": probed_at, **found}
            connection.execute(sa.insert(SOURCE_CAPABILITIES).values(**row))

    def capabilities(self, source: str) -> CapabilityRecord | None:
        """Give what the newest probe found, None before the first."""
        newest = self.capability_history(source, limit=1)
        return newest[0] if newest else None

    def capability_history(self, source: str, *, limit: int | None = None) -> list[CapabilityRecord]:
        """Give what every probe found, newest first."""
        table = SOURCE_CAPABILITIES
        statement = sa.select(table).where(table.c.source == source).order_by(table.c.probed_at.desc()).limit(limit)
        with self._read() as connection:
            return [CapabilityRecord(**row) for row in connection.execute(statement).mappings()]

    def reads(self, source: str) -> dict[tuple[str, str], ReadRecord]:
        """Give when each (entity, kind) was last read so, and what is due; never and not due is absent."""
        statement = sa.select(SOURCE_READS).where(SOURCE_READS.c.source == source)
        with self._read() as connection:
            records = [ReadRecord(**row) for row in connection.execute(statement).mappings()]
        return {(record.entity, record.kind): record for record in records}

    def mark_due(self, source: str, entity: str, kind: str, reason: str) -> None:
        """Have the next night read the entity so; the reason says why."""
        table = SOURCE_READS
        mine = (table.c.source == source) & (table.c.entity == entity) & (table.c.kind == kind)
        with self._write() as connection:
            changed = connection.execute(sa.update(table).where(mine).values(due_reason=reason)).rowcount
            if not changed:
                row = {"source": source, "entity": entity, "kind": kind, "due_reason": reason}
                connection.execute(sa.insert(table).values(**row))
