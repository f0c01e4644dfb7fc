"""The ledger's pages on nights: loads, verdicts, cursors, and how each source stands."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from narvaro.errors import LedgerError
from narvaro.ledger.pages import Pages
from narvaro.ledger.records import LoadRecord, NightRecord, SourceStatus, VerdictRecord
from narvaro.ledger.rows import load_from_row, load_row, status_of, verdict_from_row
from narvaro.ledger.tables import CURSORS, LOADS, NIGHTS, VERDICTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection


class NightPages(Pages):
    """What came in each night, what was thought of it, and where the next one starts."""

    def record_landing(self, source: str, night: date, loads: Sequence[LoadRecord]) -> None:
        """Make a night's loads exist, all in one transaction; an earlier try of the night steps aside.

        Raises:
            LedgerError: the night is already accepted, or a load belongs to another night or source.
        """
        if strangers := [load.load_id for load in loads if (load.source, load.night) != (source, night)]:
            msg = f"{source} {night}: the loads {strangers} belong elsewhere. Land them on their own."
            raise LedgerError(msg)
        now = datetime.now(UTC)
        with self._write() as connection:
            _require_open(connection, source, night)
            mine = (LOADS.c.source == source) & (LOADS.c.night == night)
            connection.execute(sa.update(LOADS).where(mine).values(status="superseded"))
            if loads:
                connection.execute(sa.insert(LOADS), [load_row(load, now) for load in loads])
            _set_night(connection, NightRecord(source, night, "landed", landed_at=now))

    def settle_accepted(
        self,
        source: str,
        night: date,
        verdicts: Sequence[VerdictRecord],
        cursors: Mapping[str, datetime],
    ) -> None:
        """Accept a landed night and move its cursors, which never move back.

        Raises:
            LedgerError: nothing of the night has landed, or a verdict refuses.
        """
        if refused := [verdict.suite for verdict in verdicts if verdict.status == "refused"]:
            msg = f"{source} {night}: refused by {refused} and so not acceptable. Settle it as refused."
            raise LedgerError(msg)
        with self._write() as connection:
            current = _night(connection, source, night)
            if current is None or current.status != "landed":
                found = current.status if current else "nothing"
                msg = f"{source} {night}: wanted a landed night, found {found}. Land it first."
                raise LedgerError(msg)
            self._settle(connection, NightRecord(source, night, "accepted"), verdicts)
            for entity, cursor_at in cursors.items():
                _move_cursor(connection, source, entity, cursor_at, night)

    def settle_refused(
        self,
        source: str,
        night: date,
        verdicts: Sequence[VerdictRecord] = (),
        *,
        reason: str,
    ) -> None:
        """Refuse a night, landed or not; cursors and earlier data stand."""
        with self._write() as connection:
            _require_open(connection, source, night)
            self._settle(connection, NightRecord(source, night, "refused", reason), verdicts)

    def settle_silent(self, source: str, night: date, *, reason: str) -> None:
        """Note that the source did not answer; cursors and earlier data stand."""
        with self._write() as connection:
            _require_open(connection, source, night)
            self._settle(connection, NightRecord(source, night, "silent", reason), ())

    def settle_failed(self, source: str, night: date, *, reason: str) -> None:
        """Note that we could not read the source, for a reason of our own; cursors and earlier data stand."""
        with self._write() as connection:
            _require_open(connection, source, night)
            self._settle(connection, NightRecord(source, night, "failed", reason), ())

    def reset_cursors(self, source: str, entities: Iterable[str] | None = None) -> None:
        """Forget a source's cursors, so that the next night reads everything anew."""
        statement = sa.delete(CURSORS).where(CURSORS.c.source == source)
        if entities is not None:
            statement = statement.where(CURSORS.c.entity.in_(list(entities)))
        with self._write() as connection:
            connection.execute(statement)

    def record_verdicts(self, verdicts: Sequence[VerdictRecord]) -> None:
        """Keep verdicts that settle no night, those on marts."""
        with self._write() as connection:
            _insert_verdicts(connection, verdicts)

    def night(self, source: str, night: date) -> NightRecord | None:
        """Give one source's one night, None when it was never tried."""
        with self._read() as connection:
            return _night(connection, source, night)

    def nights(self, source: str | None = None, *, since: date | None = None) -> list[NightRecord]:
        """Give the nights, newest first."""
        statement = sa.select(NIGHTS).order_by(NIGHTS.c.night.desc(), NIGHTS.c.source)
        if source is not None:
            statement = statement.where(NIGHTS.c.source == source)
        if since is not None:
            statement = statement.where(NIGHTS.c.night >= since)
        with self._read() as connection:
            return [NightRecord(**row) for row in connection.execute(statement).mappings()]

    def accepted_loads(self, until_night: date | None = None, *, source: str | None = None) -> list[LoadRecord]:
        """Give the loads that the warehouse may rest on, oldest night first."""
        statement = sa.select(LOADS).where(LOADS.c.status == "accepted")
        if until_night is not None:
            statement = statement.where(LOADS.c.night <= until_night)
        return self._loads(statement, source)

    def loads(self, night: date | None = None, *, source: str | None = None) -> list[LoadRecord]:
        """Give the loads of every status, oldest night first."""
        statement = sa.select(LOADS)
        if night is not None:
            statement = statement.where(LOADS.c.night == night)
        return self._loads(statement, source)

    def _loads(self, statement: sa.Select[Any], source: str | None) -> list[LoadRecord]:
        if source is not None:
            statement = statement.where(LOADS.c.source == source)
        statement = statement.order_by(LOADS.c.night, LOADS.c.source, LOADS.c.entity, LOADS.c.load_id)
        with self._read() as connection:
            return [load_from_row(row) for row in connection.execute(statement).mappings()]

    def known_load_ids(self, source: str) -> set[str]:
        """Give the loads whose files must stay; every other folder of the source may be swept."""
        statement = sa.select(LOADS.c.load_id).where(LOADS.c.source == source, LOADS.c.status != "superseded")
        with self._read() as connection:
            return set(connection.execute(statement).scalars())

    def cursors(self, source: str) -> dict[str, datetime]:
        """Give where each entity's next reading starts; an entity never read is absent."""
        statement = sa.select(CURSORS.c.entity, CURSORS.c.cursor_at).where(CURSORS.c.source == source)
        with self._read() as connection:
            return {row.entity: row.cursor_at for row in connection.execute(statement)}

    def verdicts(
        self,
        *,
        source: str | None = None,
        night: date | None = None,
        load_id: str | None = None,
    ) -> list[VerdictRecord]:
        """Give the verdicts, oldest first."""
        statement = sa.select(VERDICTS).order_by(VERDICTS.c.verdict_id)
        for column, value in (("source", source), ("night", night), ("load_id", load_id)):
            if value is not None:
                statement = statement.where(VERDICTS.c[column] == value)
        with self._read() as connection:
            return [verdict_from_row(row) for row in connection.execute(statement).mappings()]

    def source_status(self, sources: Iterable[str] = (), *, night: date | None = None) -> list[SourceStatus]:
        """Give how each source stands; a source of `sources` without any night stands as never.

        A source is stale when its last accepted night is older than `night`,
        by default the newest night that any source has tried.
        """
        by_source: dict[str, list[NightRecord]] = {source: [] for source in sources}
        nights = [record for record in self.nights() if night is None or record.night <= night]
        for record in nights:
            by_source.setdefault(record.source, []).append(record)
        newest = night or max((record.night for record in nights), default=None)
        return [status_of(source, records, newest) for source, records in sorted(by_source.items())]

    @staticmethod
    def _settle(connection: Connection, record: NightRecord, verdicts: Sequence[VerdictRecord]) -> None:
        """Give the night and its loads their status, and keep the verdicts."""
        mine = (LOADS.c.source == record.source) & (LOADS.c.night == record.night) & (LOADS.c.status == "landed")
        # What landed of a night that then ended without a word serves nobody: its files may be swept.
        status = "superseded" if record.status in {"silent", "failed"} else record.status
        connection.execute(sa.update(LOADS).where(mine).values(status=status))
        _set_night(connection, record)
        _insert_verdicts(connection, verdicts, night=record.night)


def _night(connection: Connection, source: str, night: date) -> NightRecord | None:
    statement = sa.select(NIGHTS).where(NIGHTS.c.source == source, NIGHTS.c.night == night)
    row = connection.execute(statement).mappings().one_or_none()
    return NightRecord(**row) if row else None


def _require_open(connection: Connection, source: str, night: date) -> None:
    """Refuse to touch a night that the warehouse may already rest on."""
    current = _night(connection, source, night)
    if current is not None and current.status == "accepted":
        message = f"{source} {night}: the night is already accepted and stands. Run a later night instead."
        raise LedgerError(message)


def _set_night(connection: Connection, record: NightRecord) -> None:
    """Write the night, keeping when it landed."""
    current = _night(connection, record.source, record.night)
    settled_at = None if record.status == "landed" else datetime.now(UTC)
    values = {"status": record.status, "reason": record.reason, "settled_at": settled_at}
    if record.landed_at is not None:
        values["landed_at"] = record.landed_at
    if current is None:
        connection.execute(sa.insert(NIGHTS).values(source=record.source, night=record.night, **values))
        return
    mine = (NIGHTS.c.source == record.source) & (NIGHTS.c.night == record.night)
    connection.execute(sa.update(NIGHTS).where(mine).values(**values))


def _move_cursor(connection: Connection, source: str, entity: str, cursor_at: datetime, night: date) -> None:
    mine = (CURSORS.c.source == source) & (CURSORS.c.entity == entity)
    current = connection.execute(sa.select(CURSORS.c.cursor_at).where(mine)).scalar()
    if current is None:
        row = {"source": source, "entity": entity, "cursor_at": cursor_at, "night": night}
        connection.execute(sa.insert(CURSORS).values(**row))
    elif cursor_at > current:
        connection.execute(sa.update(CURSORS).where(mine).values(cursor_at=cursor_at, night=night))


def _insert_verdicts(connection: Connection, verdicts: Sequence[VerdictRecord], *, night: date | None = None) -> None:
    now = datetime.now(UTC)
    rows = []
    for verdict in verdicts:
        row = asdict(verdict)
        row["night"] = verdict.night or night
        row["checked_at"] = verdict.checked_at or now
        rows.append(row)
    if rows:
        connection.execute(sa.insert(VERDICTS), rows)
