"""The ledger's pages on held nights: deletions that a person must approve or reject."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from narvaro.errors import LedgerError
from narvaro.ledger.pages import Pages
from narvaro.ledger.records import BrakeRecord, NightRecord
from narvaro.ledger.settling import lapse_earlier, move_cursor, night_of, record_reads, require_landed, settle
from narvaro.ledger.tables import BRAKES, LOADS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection

    from narvaro.ledger.records import VerdictRecord


class BrakePages(Pages):
    """Which nights wait for a person, who decided, and why."""

    def settle_held(self, brake: BrakeRecord, verdicts: Sequence[VerdictRecord], *, reason: str) -> None:
        """Hold a landed night until a person decides; cursors and earlier data stand till then.

        Raises:
            LedgerError: nothing of the night has landed.
        """
        source, night = brake.source, brake.night
        with self._write() as connection:
            require_landed(connection, source, night)
            settle(connection, NightRecord(source, night, "held", reason), verdicts, was="landed")
            connection.execute(sa.delete(BRAKES).where(BRAKES.c.source == source, BRAKES.c.night == night))
            connection.execute(sa.insert(BRAKES).values(**_row(brake)))
            lapse_earlier(connection, source, night)

    def brakes(
        self, source: str | None = None, *, status: str | None = None, night: date | None = None
    ) -> list[BrakeRecord]:
        """Give the nights that deletions have held, newest first."""
        statement = sa.select(BRAKES).order_by(BRAKES.c.night.desc(), BRAKES.c.source)
        for column, value in (("source", source), ("status", status), ("night", night)):
            if value is not None:
                statement = statement.where(BRAKES.c[column] == value)
        with self._read() as connection:
            return [_brake(row) for row in connection.execute(statement).mappings()]

    def decide_brake(self, source: str, night: date, *, approve: bool, by: str, reason: str) -> BrakeRecord:
        """Accept a held night with its deletions, or refuse it; the same answer twice changes nothing.

        Raises:
            LedgerError: the night is not held, or was decided the other way.
        """
        answer = "approved" if approve else "rejected"
        with self._write() as connection:
            mine = (BRAKES.c.source == source) & (BRAKES.c.night == night)
            row = connection.execute(sa.select(BRAKES).where(mine)).mappings().one_or_none()
            if row is None or row["status"] not in {"pending", answer}:
                found = row["status"] if row else "no question"
                msg = f"{source} {night}: wanted a question that waits, found {found}. See `narvaro deletions list`."
                raise LedgerError(msg)
            if row["status"] == "pending":
                decision = {"status": answer, "decided_by": by, "decided_at": datetime.now(UTC), "reason": reason}
                connection.execute(sa.update(BRAKES).where(mine).values(**decision))
                _carry_out(connection, source, night, approve=approve, reason=reason)
            decided = connection.execute(sa.select(BRAKES).where(mine)).mappings().one()
        return _brake(decided)


def _carry_out(connection: Connection, source: str, night: date, *, approve: bool, reason: str) -> None:
    """Settle the held night as decided: with an approval its cursors move, as on any other night."""
    if not approve:
        refusal = f"the deletions were rejected: {reason}"
        settle(connection, NightRecord(source, night, "refused", refusal), (), was="held")
        return
    held = night_of(connection, source, night)
    mine = (LOADS.c.source == source) & (LOADS.c.night == night) & (LOADS.c.status == "held")
    loads: Sequence[Any] = connection.execute(sa.select(LOADS.c.entity, LOADS.c.cursor_to).where(mine)).all()
    settle(connection, NightRecord(source, night, "accepted"), (), was="held")
    for entity, cursor_to in loads:
        move_cursor(connection, source, entity, cursor_to, night)
    record_reads(connection, source, held.reads if held else (), night)


def _row(brake: BrakeRecord) -> dict[str, Any]:
    """Give a new question as a row."""
    values = {field: getattr(brake, field) for field in ("source", "night", "told", "inferred")}
    return values | {
        "status": "pending",
        "units": [dict(unit) for unit in brake.units],
        "pulled_at": brake.pulled_at or datetime.now(UTC),
        "decided_by": "",
        "reason": "",
    }


def _brake(row: Mapping[Any, Any]) -> BrakeRecord:
    """Give a question as it was recorded."""
    return BrakeRecord(**{**row, "units": tuple(row["units"])})
