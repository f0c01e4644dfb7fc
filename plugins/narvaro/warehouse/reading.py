"""Reading the warehouse: one door, read-only, that reaches nothing else on the machine."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb

from narvaro.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def read_only(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse for reading; statements cannot reach files, network or settings.

    Raises:
        BuildError: there is no warehouse yet, or it cannot be opened.
    """
    if not path.is_file():
        message = f"There is no warehouse at {path}. Build it first: narvaro build."
        raise BuildError(message)
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        message = f"{path} cannot be opened ({type(error).__name__}). Build it anew: narvaro build."
        raise BuildError(message) from None
    try:
        for setting in ("TimeZone = 'UTC'", "enable_external_access = false", "lock_configuration = true"):
            connection.execute(f"set {setting}")
        yield connection
    finally:
        connection.close()


def read_rows(path: Path, query: str) -> list[dict[str, Any]]:
    """Run one query over the warehouse and give its rows.

    Raises:
        BuildError: there is no warehouse, or the query is wrong.
    """
    with read_only(path) as connection:
        try:
            answer = connection.execute(query)
            names = [column[0] for column in answer.description or ()]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
        except duckdb.Error as error:
            message = f"The query failed: {error}"
            raise BuildError(message) from None
