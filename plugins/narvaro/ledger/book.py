"""The ledger itself: the operational state of one installation."""

from __future__ import annotations

import re
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

from narvaro.errors import BusyError, LedgerError
from narvaro.ledger.accesses import AccessPages
from narvaro.ledger.answers import AnswerPages
from narvaro.ledger.brakes import BrakePages
from narvaro.ledger.forgetting import ForgettingPages
from narvaro.ledger.issues import IssuePages
from narvaro.ledger.journal import JournalPages
from narvaro.ledger.knowledge import KnowledgePages
from narvaro.ledger.nights import NightPages
from narvaro.ledger.opening import database_errors, file_lock, open_engine, sqlite_path
from narvaro.ledger.removals import RemovalPages

if TYPE_CHECKING:
    from collections.abc import Iterator

# The first half of PostgreSQL's two-part advisory key: ours, whatever else shares the server.
_LOCK_SPACE = 0x4E52


class Ledger(
    NightPages,
    BrakePages,
    KnowledgePages,
    IssuePages,
    AnswerPages,
    JournalPages,
    AccessPages,
    RemovalPages,
    ForgettingPages,
):
    """Nights, loads, verdicts, cursors, brakes, capabilities, issues, answers, letters, releases and accesses.

    Safe to use from many processes: one writes at a time, the others wait their turn.
    """

    @classmethod
    def open(cls, url: str) -> Ledger:
        """Open the ledger of this URL, created or migrated when needed.

        Raises:
            LedgerError: the database cannot be reached, or is of a newer version.
        """
        return cls(open_engine(url))

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold a piece of work alone across processes; freed when the process dies.

        Raises:
            BusyError: another process holds it.
            LedgerError: the name is not a slug.
        """
        if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", name):
            msg = "A lock's name has small letters, digits, dots, dashes and underscores only."
            raise LedgerError(msg)
        with self._try_lock(name) as is_ours:
            if not is_ours:
                msg = f"Another process holds {name}. Wait for it to end, then run again."
                raise BusyError(msg)
            yield

    @contextmanager
    def _try_lock(self, name: str) -> Iterator[bool]:
        path = sqlite_path(self._engine)
        if path is not None:
            with file_lock(path.parent / ".locks" / f"{name}.lock", wait=False) as is_ours:
                yield is_ours
            return
        key = zlib.crc32(name.encode()) - 2**31
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            with database_errors(self._engine, doing="be locked"):
                statement = sa.select(sa.func.pg_try_advisory_lock(_LOCK_SPACE, key))
                is_ours = bool(connection.execute(statement).scalar())
            # The session's end frees the lock: the connection is closed, never pooled.
            yield is_ours
