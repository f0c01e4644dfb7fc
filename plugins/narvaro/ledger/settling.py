"""What settling a night writes, within the transaction of whoever settles it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from narvaro.errors import LedgerError
from narvaro.ledger.records import NightRecord
from narvaro.ledger.rows import night_from_row
from narvaro.ledger.tables import BRAKES, CURSORS, LOADS, NIGHTS, SOURCE_READS, VERDICTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.engine import Connection

    from narvaro.ledger.records import VerdictRecord


def night_of(connection: Connection, source: str, night: date) -> NightRecord | None:
    """Give one source's one night, None when it was never tried."""
    statement = sa.select(NIGHTS).where(NIGHTS.c.source == source, NIGHTS.c.night == night)
    row = connection.execute(statement).mappings().one_or_none()
    return night_from_row(row) if row else None


def require_open(connection: Connection, source: str, night: date) -> None:
    """Refuse to touch a night that the warehouse may already rest on, or that a person is asked about."""
    current = night_of(connection, source, night)
    if current is not None and current.status == "accepted":
        message = f"{source} {night}: the night is already accepted and stands. Run a later night instead."
        raise LedgerError(message)
    if current is not None and current.status == "held":
        message = f"{source} {night}: the night waits for a decision. Use `narvaro deletions approve` or `reject`."
        raise LedgerError(message)


def require_landed(connection: Connection, source: str, night: date) -> NightRecord:
    """Give a landed night; refuse to settle any other."""
    current = night_of(connection, source, night)
    if current is None or current.status != "landed":
        found = current.status if current else "nothing"
        message = f"{source} {night}: wanted a landed night, found {found}. Land it first."
        raise LedgerError(message)
    return current


def settle(connection: Connection, record: NightRecord, verdicts: Sequence[VerdictRecord], *, was: str) -> None:
    """Give the night and its loads that were `was` their status, and keep the verdicts."""
    mine = (LOADS.c.source == record.source) & (LOADS.c.night == record.night) & (LOADS.c.status == was)
    # What landed of a night that then ended without a word serves nobody: its files may be swept.
    status = "superseded" if record.status in {"silent", "failed"} else record.status
    connection.execute(sa.update(LOADS).where(mine).values(status=status))
    set_night(connection, record)
    insert_verdicts(connection, verdicts, night=record.night)


def lapse_earlier(connection: Connection, source: str, night: date) -> None:
    """Take back the questions of earlier nights: this one read all that they had read."""
    pending = (BRAKES.c.source == source) & (BRAKES.c.night < night) & (BRAKES.c.status == "pending")
    nights: Sequence[date] = connection.execute(sa.select(BRAKES.c.night).where(pending)).scalars().all()
    for earlier in nights:
        lapsed = (BRAKES.c.source == source) & (BRAKES.c.night == earlier)
        connection.execute(sa.update(BRAKES).where(lapsed).values(status="lapsed", decided_at=datetime.now(UTC)))
        reason = f"held, and the night of {night} came before anybody decided"
        settle(connection, NightRecord(source, earlier, "refused", reason), (), was="held")


def set_night(connection: Connection, record: NightRecord) -> None:
    """Write the night, keeping when it landed."""
    current = night_of(connection, record.source, record.night)
    settled_at = None if record.status == "landed" else datetime.now(UTC)
    values: dict[str, Any] = {"status": record.status, "reason": record.reason, "settled_at": settled_at}
    if record.landed_at is not None:
        values |= {"landed_at": record.landed_at, "reads": [list(read) for read in record.reads]}
    if current is None:
        connection.execute(sa.insert(NIGHTS).values(source=record.source, night=record.night, **values))
        return
    mine = (NIGHTS.c.source == record.source) & (NIGHTS.c.night == record.night)
    connection.execute(sa.update(NIGHTS).where(mine).values(**values))


def move_cursor(connection: Connection, source: str, entity: str, cursor_at: datetime, night: date) -> None:
    """Move a cursor, which never moves back."""
    mine = (CURSORS.c.source == source) & (CURSORS.c.entity == entity)
    current = connection.execute(sa.select(CURSORS.c.cursor_at).where(mine)).scalar()
    if current is None:
        row = {"source": source, "entity": entity, "cursor_at": cursor_at, "night": night}
        connection.execute(sa.insert(CURSORS).values(**row))
    elif cursor_at > current:
        connection.execute(sa.update(CURSORS).where(mine).values(cursor_at=cursor_at, night=night))


def record_reads(connection: Connection, source: str, reads: Iterable[Sequence[str]], night: date) -> None:
    """Note which entities were read in which way, so that they are no longer due; a later reading stands."""
    for entity, kind in reads:
        mine = (SOURCE_READS.c.source == source) & (SOURCE_READS.c.entity == entity) & (SOURCE_READS.c.kind == kind)
        current = connection.execute(sa.select(SOURCE_READS).where(mine)).mappings().one_or_none()
        if current is None:
            row = {"source": source, "entity": entity, "kind": kind, "last_night": night, "due_reason": ""}
            connection.execute(sa.insert(SOURCE_READS).values(**row))
        elif current["last_night"] is None or current["last_night"] <= night:
            connection.execute(sa.update(SOURCE_READS).where(mine).values(last_night=night, due_reason=""))


def insert_verdicts(connection: Connection, verdicts: Sequence[VerdictRecord], *, night: date | None = None) -> None:
    """Keep verdicts."""
    now = datetime.now(UTC)
    rows = []
    for verdict in verdicts:
        row = asdict(verdict)
        row["night"] = verdict.night or night
        row["checked_at"] = verdict.checked_at or now
        rows.append(row)
    if rows:
        connection.execute(sa.insert(VERDICTS), rows)
