"""The ledger's pages on who read restricted data: a log that is only ever added to."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from narvaro.errors import LedgerError
from narvaro.ledger.chain import FIRST_HASH, broken_place, chain_hash
from narvaro.ledger.pages import Pages
from narvaro.ledger.privacy_records import AccessRecord, ChainRecord
from narvaro.ledger.removal_tables import ACCESS_HEADS, ACCESSES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection

_HEAD = "accesses"
_MACHINERY = {"access_id", "chain_hash"}


class AccessPages(Pages):
    """Who read what grain, when and why; each row rests on the one before."""

    def record_access(self, access: AccessRecord) -> None:
        """Write one reading of restricted data at the end of the log.

        Raises:
            LedgerError: no purpose is stated.
        """
        if not access.purpose.strip():
            msg = "A reading of restricted data without a purpose. State why it is read."
            raise LedgerError(msg)
        row = asdict(access)
        with self._write() as connection:
            head = _head(connection)
            count = head["accesses"] + 1 if head else 1
            found = chain_hash(head["chain_hash"] if head else FIRST_HASH, count, row)
            connection.execute(sa.insert(ACCESSES).values(**row, chain_hash=found))
            values = {"accesses": count, "chain_hash": found}
            if head is None:
                connection.execute(sa.insert(ACCESS_HEADS).values(name=_HEAD, **values))
            else:
                connection.execute(sa.update(ACCESS_HEADS).where(ACCESS_HEADS.c.name == _HEAD).values(**values))

    def accesses(self) -> list[AccessRecord]:
        """Give the readings of restricted data, newest first."""
        columns = [column for column in ACCESSES.c if column.name not in _MACHINERY]
        statement = sa.select(*columns).order_by(ACCESSES.c.access_id.desc())
        with self._read() as connection:
            return [AccessRecord(**row) for row in connection.execute(statement).mappings()]

    def verify_accesses(self) -> ChainRecord:
        """Walk the log from its first row and tell whether anything was put in, changed or taken out."""
        with self._read() as connection:
            rows = connection.execute(sa.select(ACCESSES).order_by(ACCESSES.c.access_id)).mappings().all()
            count, found, broken = broken_place(rows)
            head = _head(connection)
        told = (head["accesses"], head["chain_hash"]) if head else (0, FIRST_HASH)
        if broken is None and told != (count, found):
            # Every row holds, and yet the log does not end where it ended last.
            broken = min(count, told[0]) + 1
        return ChainRecord(count, found, broken, frozenset(row["chain_hash"] for row in rows))


def _head(connection: Connection) -> Mapping[Any, Any] | None:
    """Give where the log ends, None before its first row."""
    statement = sa.select(ACCESS_HEADS).where(ACCESS_HEADS.c.name == _HEAD)
    return connection.execute(statement).mappings().one_or_none()
