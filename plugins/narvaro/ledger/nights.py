"""The ledger's pages on nights: loads, verdicts, cursors, and how each source stands."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from narvaro.errors import LedgerError
from narvaro.ledger.pages import Pages
from narvaro.ledger.records import LoadRecord, NightRecord, SourceStatus, VerdictRecord
from narvaro.ledger.rows import load_from_row, load_row, night_from_row, status_of, verdict_from_row
from narvaro.ledger.settling import (
    insert_verdicts,
    lapse_earlier,
    move_cursor,
    night_of,
    record_reads,
    require_landed,
    require_open,
    set_night,
    settle,
)
from narvaro.ledger.tables import CURSORS, LOADS, NIGHTS, VERDICTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from narvaro.ledger.records import LoadFile


class NightPages(Pages):
    """What came in each night, what was thought of it, and where the next one starts."""

    def record_landing(
        self,
        source: str,
        night: date,
        loads: Sequence[LoadRecord],
        *,
        reads: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Make a night's loads exist, all in one transaction; an earlier try of the night steps aside.

        `reads` names what was read whole or by window, as (entity, kind).

        Raises:
            LedgerError: the night is already accepted, or a load belongs to another night or source.
        """
        if strangers := [load.load_id for load in loads if (load.source, load.night) != (source, night)]:
            msg = f"{source} {night}: the loads {strangers} belong elsewhere. Land them on their own."
            raise LedgerError(msg)
        now = datetime.now(UTC)
        with self._write() as connection:
            require_open(connection, source, night)
            mine = (LOADS.c.source == source) & (LOADS.c.night == night)
            connection.execute(sa.update(LOADS).where(mine).values(status="superseded"))
            if loads:
                connection.execute(sa.insert(LOADS), [load_row(load, now) for load in loads])
            set_night(connection, NightRecord(source, night, "landed", landed_at=now, reads=tuple(reads)))

    def settle_accepted(
        self,
        source: str,
        night: date,
        verdicts: Sequence[VerdictRecord],
        cursors: Mapping[str, datetime],
    ) -> None:
        """Accept a landed night and move its cursors, which never move back; what it read whole is no longer due.

        Raises:
            LedgerError: nothing of the night has landed, or a verdict refuses.
        """
        if refused := [verdict.suite for verdict in verdicts if verdict.status == "refused"]:
            msg = f"{source} {night}: refused by {refused} and so not acceptable. Settle it as refused."
            raise LedgerError(msg)
        with self._write() as connection:
            landed = require_landed(connection, source, night)
            settle(connection, NightRecord(source, night, "accepted"), verdicts, was="landed")
            for entity, cursor_at in cursors.items():
                move_cursor(connection, source, entity, cursor_at, night)
            record_reads(connection, source, landed.reads, night)
            lapse_earlier(connection, source, night)

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
            require_open(connection, source, night)
            settle(connection, NightRecord(source, night, "refused", reason), verdicts, was="landed")

    def settle_silent(self, source: str, night: date, *, reason: str) -> None:
        """Note that the source did not answer; cursors and earlier data stand."""
        with self._write() as connection:
            require_open(connection, source, night)
            settle(connection, NightRecord(source, night, "silent", reason), (), was="landed")

    def settle_failed(self, source: str, night: date, *, reason: str) -> None:
        """Note that we could not read the source, for a reason of our own; cursors and earlier data stand."""
        with self._write() as connection:
            require_open(connection, source, night)
            settle(connection, NightRecord(source, night, "failed", reason), (), was="landed")

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
            insert_verdicts(connection, verdicts)

    def night(self, source: str, night: date) -> NightRecord | None:
        """Give one source's one night, None when it was never tried."""
        with self._read() as connection:
            return night_of(connection, source, night)

    def nights(self, source: str | None = None, *, since: date | None = None) -> list[NightRecord]:
        """Give the nights, newest first."""
        statement = sa.select(NIGHTS).order_by(NIGHTS.c.night.desc(), NIGHTS.c.source)
        if source is not None:
            statement = statement.where(NIGHTS.c.source == source)
        if since is not None:
            statement = statement.where(NIGHTS.c.night >= since)
        with self._read() as connection:
            return [night_from_row(row) for row in connection.execute(statement).mappings()]

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

    def replace_files(self, files: Mapping[str, Sequence[LoadFile]]) -> int:
        """Note that loads' files were written anew, by load id, all in one transaction; gives how many differ."""
        changed = 0
        with self._write() as connection:
            for load_id, held in files.items():
                plain = [asdict(file) for file in held]
                mine = LOADS.c.load_id == load_id
                before = connection.execute(sa.select(LOADS.c.files).where(mine)).scalar()
                if before is not None and before != plain:
                    sizes = {"rows": sum(file.rows for file in held), "bytes": sum(file.bytes for file in held)}
                    connection.execute(sa.update(LOADS).where(mine).values(files=plain, **sizes))
                    changed += 1
        return changed

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
