"""What every part of the ledger reads and writes through."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from narvaro.ledger.opening import database_errors, writing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection, Engine


class Pages:
    """An engine, and the two ways to use it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the ledger."""
        with database_errors(self._engine, doing="be read"), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        """Give the only writing transaction; it stands whole or not at all."""
        with database_errors(self._engine, doing="be written"), writing(self._engine) as connection:
            yield connection
