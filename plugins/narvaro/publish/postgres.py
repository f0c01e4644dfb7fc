"""The served form: the same tables in PostgreSQL, replaced in one transaction under their readers."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import psycopg2
from psycopg2 import sql

from narvaro.errors import BusyError, PublishError
from narvaro.publish.forms import comment, csv_from_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class with a small letter

    from narvaro.publish.tables import TableLike

SCHEMA = "narvaro"
_TYPES = {"VARCHAR": "text", "DOUBLE": "double precision", "BIGINT": "bigint", "BOOLEAN": "boolean", "DATE": "date"}
# Any number that no other program locks; the same for every publication of Närvaro in one database.
_LOCK = 7_316_200_612_000


def replace_in_postgres(url: str, tables: Sequence[TableLike], *, release_id: str) -> bool:
    """Make the schema hold exactly this release; tell whether anything had to change.

    Raises:
        PublishError: the database did not take it; what was there stands.
        BusyError: another publication is writing.
    """
    try:
        connection = psycopg2.connect(url.replace("postgresql+psycopg2://", "postgresql://", 1))
    except psycopg2.Error:
        # The driver's sentence repeats the address, and with it perhaps a password.
        message = "The published database did not answer. Look at NARVARO_PUBLISHED_URL, then publish again."
        raise PublishError(message) from None
    try:
        with connection, connection.cursor() as cursor:
            return _replace(cursor, tables, release_id)
    except psycopg2.Error as error:
        message = (
            f"The published database refused the release (SQLSTATE {error.pgcode}); what it held stands. "
            "See docs/publication.md for the rights that it needs."
        )
        raise PublishError(message) from None
    finally:
        connection.close()


def _replace(cursor: Cursor, tables: Sequence[TableLike], release_id: str) -> bool:
    """Replace every table's rows; a table whose columns changed is made anew."""
    cursor.execute("select pg_try_advisory_xact_lock(%s)", [_LOCK])
    if not _one(cursor):
        message = "Another publication is writing to the published database. Wait for it to end, then try again."
        raise BusyError(message)
    cursor.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(SCHEMA)))
    if _held_release(cursor) == release_id:
        return False
    for table in tables:
        name = sql.Identifier(SCHEMA, table.name)
        if _held_columns(cursor, table.name) != [(column.name, _TYPES[column.type]) for column in table.columns]:
            cursor.execute(sql.SQL("drop table if exists {}").format(name))
            cursor.execute(_creation(name, table))
        # delete, not truncate: readers that began before keep the rows that they see.
        cursor.execute(sql.SQL("delete from {}").format(name))
        copy = sql.SQL("copy {} from stdin with (format csv, header true)").format(name)
        cursor.copy_expert(copy, io.BytesIO(csv_from_table(table.data)))
        for statement in _comments(name, table):
            cursor.execute(statement)
    _drop_unpublished(cursor, {table.name for table in tables})
    return True


def _held_release(cursor: Cursor) -> str | None:
    """Give the release that the schema holds, None when it holds none."""
    cursor.execute("select to_regclass(%s)", [f"{SCHEMA}.releases"])
    if _one(cursor) is None:
        return None
    cursor.execute(sql.SQL("select max(release_id) from {}").format(sql.Identifier(SCHEMA, "releases")))
    held = _one(cursor)
    return None if held is None else str(held)


def _one(cursor: Cursor) -> object:
    """Give the one value that was asked for."""
    row = cursor.fetchone()
    return row[0] if row else None


def _held_columns(cursor: Cursor, table_name: str) -> list[tuple[str, str]]:
    """Give the columns and types that a table has in the database."""
    cursor.execute(
        "select column_name, data_type from information_schema.columns "
        "where table_schema = %s and table_name = %s order by ordinal_position",
        [SCHEMA, table_name],
    )
    return [(str(name), str(data_type)) for name, data_type in cursor.fetchall()]


def _creation(name: sql.Identifier, table: TableLike) -> sql.Composed:
    """Give the statement that makes an empty table."""
    columns = [
        sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(_TYPES[column.type])) for column in table.columns
    ]
    return sql.SQL("create table {} ({})").format(name, sql.SQL(", ").join(columns))


def _comments(name: sql.Identifier, table: TableLike) -> list[sql.Composed]:
    """Give the statements that say what the table and its columns mean."""
    statements = [sql.SQL("comment on table {} is {}").format(name, sql.Literal(comment(table)))]
    for column in table.columns:
        place = sql.Identifier(SCHEMA, table.name, column.name)
        statements.append(sql.SQL("comment on column {} is {}").format(place, sql.Literal(comment(column))))
    return statements


def _drop_unpublished(cursor: Cursor, published: set[str]) -> None:
    """Remove tables that this release does not have; what is no longer published must not linger."""
    cursor.execute(
        "select table_name from information_schema.tables where table_schema = %s and table_type = 'BASE TABLE'",
        [SCHEMA],
    )
    for (table_name,) in cursor.fetchall():
        if table_name not in published:
            cursor.execute(sql.SQL("drop table {}").format(sql.Identifier(SCHEMA, table_name)))
