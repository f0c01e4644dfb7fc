"""The ledger's pages on what retention and erasure removed: each step, what stood before it, and what it took."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from narvaro.errors import LedgerError
from narvaro.ledger.issue_tables import ISSUE_ANSWERS, ISSUES
from narvaro.ledger.opening import database_errors, sqlite_path
from narvaro.ledger.pages import Pages
from narvaro.ledger.privacy_records import RemovalRecord, RemovalRun
from narvaro.ledger.removal_tables import REMOVAL_RUNS, REMOVALS
from narvaro.ledger.tables import LETTERS, LOADS, VERDICTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from narvaro.ledger.records import LoadFile


class RemovalPages(Pages):
    """Runs of retention and erasure, and their receipts."""

    def begin_removal(self, run: RemovalRun) -> None:
        """Note that a removal begins; an erased pupil is refused from now on."""
        row = asdict(run) | {"terms": dict(run.terms), "sealed": list(run.sealed), "begun_at": datetime.now(UTC)}
        with self._write() as connection:
            connection.execute(sa.insert(REMOVAL_RUNS).values(**row))

    def removal_runs(self, *, kind: str | None = None, status: str | None = None) -> list[RemovalRun]:
        """Give the removals, newest first."""
        statement = sa.select(REMOVAL_RUNS).order_by(REMOVAL_RUNS.c.begun_at.desc(), REMOVAL_RUNS.c.run_id)
        for column, value in (("kind", kind), ("status", status)):
            if value is not None:
                statement = statement.where(REMOVAL_RUNS.c[column] == value)
        with self._read() as connection:
            return [_run(row) for row in connection.execute(statement).mappings()]

    def removals(self, run_id: str | None = None) -> list[RemovalRecord]:
        """Give what was taken away, in order: the receipt of a run, or of them all."""
        columns = [column for column in REMOVALS.c if column.name != "removal_id"]
        statement = sa.select(*columns).order_by(REMOVALS.c.removal_id)
        if run_id is not None:
            statement = statement.where(REMOVALS.c.run_id == run_id)
        with self._read() as connection:
            return [
                RemovalRecord(**{**row, "files": tuple(row["files"])})
                for row in connection.execute(statement).mappings()
            ]

    def remove_from_load(self, load_id: str, files: Sequence[LoadFile], removal: RemovalRecord) -> None:
        """Let a load rest on other files, and note what went with the old ones, in one transaction.

        Raises:
            LedgerError: there is no such load.
        """
        values = {
            "files": [asdict(file) for file in files],
            "rows": sum(file.rows for file in files),
            "bytes": sum(file.bytes for file in files),
        }
        with self._write() as connection:
            changed = connection.execute(sa.update(LOADS).where(LOADS.c.load_id == load_id).values(**values)).rowcount
            if not changed:
                msg = f"No load {load_id} in the ledger. Land it before it is rewritten."
                raise LedgerError(msg)
            connection.execute(sa.insert(REMOVALS).values(**_removal_row(removal)))

    def record_removal(self, removal: RemovalRecord) -> None:
        """Note what a step took away elsewhere than in a load."""
        with self._write() as connection:
            connection.execute(sa.insert(REMOVALS).values(**_removal_row(removal)))

    def seals(self, run_id: str) -> tuple[str, ...]:
        """Give what is known of an erased pupil, encrypted."""
        with self._read() as connection:
            statement = sa.select(REMOVAL_RUNS.c.sealed).where(REMOVAL_RUNS.c.run_id == run_id)
            return tuple(connection.execute(statement).scalar() or ())

    def add_seal(self, run_id: str, sealed: str) -> None:
        """Add what has come to be known of an erased pupil, encrypted."""
        mine = REMOVAL_RUNS.c.run_id == run_id
        with self._write() as connection:
            known: list[str] = connection.execute(sa.select(REMOVAL_RUNS.c.sealed).where(mine)).scalar_one()
            connection.execute(sa.update(REMOVAL_RUNS).where(mine).values(sealed=[*known, sealed]))

    def finish_removal(self, run_id: str) -> None:
        """Note that a removal has come to its end."""
        self._set_status(run_id, "done", finished_at=datetime.now(UTC))

    def lift_erasure(self, run_id: str) -> None:
        """Let an erased pupil in again: who it was is forgotten.

        Raises:
            LedgerError: there is no such erasure, or it has not come to its end.
        """
        found = {run.run_id: run for run in self.removal_runs(kind="erasure")}
        if run_id not in found or found[run_id].status != "done":
            msg = f"No finished erasure {run_id}. See `narvaro privacy receipts`."
            raise LedgerError(msg)
        self._set_status(run_id, "lifted", sealed=[])

    def _set_status(self, run_id: str, status: str, **values: Any) -> None:  # noqa: ANN401 - a column each
        with self._write() as connection:
            statement = sa.update(REMOVAL_RUNS).where(REMOVAL_RUNS.c.run_id == run_id)
            connection.execute(statement.values(status=status, **values))

    def scrub(self) -> None:
        """Write the database's files anew: a removed value may stand in pages that are no longer used."""
        with database_errors(self._engine, doing="be scrubbed"):
            if sqlite_path(self._engine) is None:
                with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    for table in (ISSUES, ISSUE_ANSWERS, VERDICTS, LETTERS, LOADS, REMOVAL_RUNS):
                        connection.execute(sa.text(f"vacuum full {table.name}"))
                return
            raw = self._engine.raw_connection()
            try:
                cursor = raw.cursor()
                for statement in ("vacuum", "pragma wal_checkpoint(truncate)"):
                    cursor.execute(statement)
                    cursor.fetchall()
                cursor.close()
            finally:
                raw.close()


def _run(row: Mapping[Any, Any]) -> RemovalRun:
    """Give a run as it was recorded."""
    return RemovalRun(**{**row, "sealed": tuple(row["sealed"])})


def _removal_row(removal: RemovalRecord) -> dict[str, Any]:
    """Give a step as a row."""
    return asdict(removal) | {"files": list(removal.files), "removed_at": removal.removed_at or datetime.now(UTC)}
