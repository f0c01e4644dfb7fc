"""Reading the warehouse: one door, read-only, that reaches nothing else on the machine."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb

from narvaro.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

_CLOSED = ("TimeZone = 'UTC'", "enable_external_access = false", "lock_configuration = true")
# They speak of names and of the asker's own words.
_ABOUT_WORDS = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException)
_MARTS = """
    select table_name, list(column_name) from duckdb_columns()
    where database_name = ? and schema_name = 'marts' group by table_name order by table_name
"""
_HIDDEN = """
    select pupil_id from {place}.marts.dim_pupil where is_protected
    union
    select person_id from {place}.intermediate.int_pupils__identified
    where pupil_id in (select pupil_id from {place}.marts.dim_pupil where is_protected)
"""


@contextmanager
def read_only(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse for reading; statements cannot reach files, network or settings.

    Raises:
        BuildError: there is no warehouse yet, or it cannot be opened.
    """
    if not path.is_file():
        raise BuildError(_no_warehouse(path))
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        message = f"{path} cannot be opened ({type(error).__name__}). Build it anew: narvaro build."
        raise BuildError(message) from None
    try:
        for setting in _CLOSED:
            connection.execute(f"set {setting}")
        yield connection
    finally:
        connection.close()


def read_rows(path: Path, query: str) -> list[dict[str, Any]]:
    """Run one SELECT over the marts, as if pupils with protected identity had no rows in those about pupils.

    Raises:
        BuildError: there is no warehouse, or the query is wrong.
    """
    with _without_protected(path) as connection:
        try:
            _require_select(connection, query)
            answer = connection.execute(query)
            names = [column[0] for column in answer.description or ()]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
        except _ABOUT_WORDS as error:
            message = f"The query failed: {error}"
        except duckdb.Error as error:
            # Of these the engine's own words may quote a value.
            message = f"The query failed ({type(error).__name__}). Look at its conversions and its sums."
        raise BuildError(message) from None


def rows_about(path: Path, names: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    """Give what each mart holds about one pupil, by the pseudonyms of the pupil and of its records.

    Raises:
        BuildError: there is no warehouse, or it cannot be opened.
    """
    found = {}
    with read_only(path) as connection:
        ((place,),) = connection.execute("select current_database()").fetchall()
        for mart, columns in connection.execute(_MARTS, [place]).fetchall():
            if named := _naming(columns):
                condition = " or ".join(f"{column} in (select unnest($names::varchar[]))" for column in named)
                query = f'from marts."{mart}" where {condition} order by all'
                found[mart] = connection.execute(query, {"names": sorted(names)}).to_arrow_table().to_pylist()
    return found


def _naming(columns: Sequence[str]) -> list[str]:
    """Give the columns that hold pseudonyms."""
    return [column for column in columns if column.endswith(("pupil_id", "person_id", "pupil_key"))]


@contextmanager
def _without_protected(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open views of the marts; those about pupils give no row of a protected one, also not to a sum.

    What is left out afterwards can be counted: by asking for the rows and for their number.
    """
    if not path.is_file():
        raise BuildError(_no_warehouse(path))
    # Nobody can name the tables behind the views: the name is another one each time.
    place = f"w{secrets.token_hex(8)}"
    connection = duckdb.connect()
    try:
        connection.execute(f"attach '{str(path).replace(chr(39), chr(39) * 2)}' as {place} (read_only)")
        for mart, columns in connection.execute(_MARTS, [place]).fetchall():
            connection.execute(_view(place, mart, columns))
        for setting in _CLOSED:
            connection.execute(f"set {setting}")
    except duckdb.Error as error:
        connection.close()
        message = f"{path} cannot be opened ({type(error).__name__}). Build it anew: narvaro build."
        raise BuildError(message) from None
    try:
        yield connection
    finally:
        connection.close()


def _view(place: str, mart: str, columns: Sequence[str]) -> str:
    """Write the view of one mart, without the rows that name a protected pupil or one of its records."""
    hidden = _HIDDEN.format(place=place)
    conditions = [f"coalesce({column} not in ({hidden}), true)" for column in _naming(columns)]
    where = f" where {' and '.join(conditions)}" if conditions else ""
    return f'create schema if not exists marts; create view marts."{mart}" as from {place}.marts."{mart}"{where}'


def _require_select(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    """Refuse all but one SELECT: what explains a plan tells how many rows lie behind it."""
    kinds = [statement.type for statement in connection.extract_statements(query)]
    if kinds != [duckdb.StatementType.SELECT]:
        message = "Only one SELECT is answered. Ask one question at a time."
        raise BuildError(message)


def _no_warehouse(path: Path) -> str:
    """Say that there is none yet."""
    return f"There is no warehouse at {path}. Build it first: narvaro build."
