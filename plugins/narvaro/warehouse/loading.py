"""Loading: the accepted loads as the raw schema of a building file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from narvaro.at_rest import rows_of
from narvaro.errors import BuildError
from narvaro.warehouse.content import QUARANTINE_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from narvaro.warehouse.content import WarehouseContent

RAW_SCHEMA = "raw"
_MODIFIED = "source_modified_at"
# Marks a column of the contract that loads of earlier versions do not have.
_ADDED_LATER = b"added_later"
# What landing adds to the columns of the contract; the time of change is underscored with them.
_PROVENANCE = {"_source": "VARCHAR", "_load_id": "VARCHAR", "_row": "BIGINT", "_source_modified_at": "TIMESTAMPTZ"}


def load(path: Path, content: WarehouseContent) -> None:
    """Make the raw schema in the DuckDB file: views over the landed files, tables for the rest.

    Views copy nothing (docs/adr/0031); an entity without files becomes an empty table of the same columns.

    Raises:
        BuildError: a landed file is gone or does not have the contract's columns.
    """
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create schema if not exists {RAW_SCHEMA}")
        for entity, schema in content.schemas.items():
            _create_entity(connection, entity, schema, content.files_of(entity))
        _create_quarantined_rows(connection, content.quarantine_files)
        _create_table(connection, "loads", content.loads_table())
        for name, table in content.references.items():
            _create_table(connection, name, table)


def drop_raw(path: Path) -> None:
    """Drop the raw schema: its views name files that later nights compact or erase."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"drop schema {RAW_SCHEMA} cascade")
        connection.execute("checkpoint")


def _create_entity(
    connection: duckdb.DuckDBPyConnection, entity: str, schema: pa.Schema, files: Sequence[Path]
) -> None:
    """Create one entity's relation: a view over its files, or an empty table."""
    names = [name for name in schema.names if name != _MODIFIED]
    relation = f"{RAW_SCHEMA}.raw__{entity}"
    if not files:
        connection.register("incoming", schema.empty_table().select(names))
        provenance = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in _PROVENANCE.items())
        connection.execute(f"create table {relation} as select *, {provenance} from incoming")  # noqa: S608
        connection.unregister("incoming")
        return
    what = f"the landed {entity}"
    later = {field.name for field in schema if (field.metadata or {}).get(_ADDED_LATER)}
    rows = rows_of(connection, files, *(["union_by_name = true"] if later else []))
    lacking = later - _columns(connection, rows, what=what) if later else set()
    nulls = {name: _null_of(connection, schema.field(name)) for name in lacking}
    columns = ", ".join(nulls.get(name, name) for name in [*names, *_PROVENANCE])
    _execute(connection, f"create view {relation} as select {columns} from {rows}", what=what)  # noqa: S608 - our own names


def _columns(connection: duckdb.DuckDBPyConnection, rows: str, *, what: str) -> set[str]:
    """Give the columns that any of some files has."""
    _execute(connection, f"describe from {rows}", what=what)
    return {name for name, *_ in connection.fetchall()}


def _null_of(connection: duckdb.DuckDBPyConnection, field: pa.Field) -> str:
    """Write a column that no file has yet."""
    connection.register("incoming", pa.schema([field]).empty_table())
    ((_, kind, *_),) = connection.execute("describe from incoming").fetchall()
    connection.unregister("incoming")
    return f"cast(null as {kind}) as {field.name}"


def _create_quarantined_rows(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> None:
    """Create the table of rows that were set aside at the door."""
    _create_table(connection, "quarantined_rows", QUARANTINE_SCHEMA.empty_table())
    if files:
        columns = ", ".join(QUARANTINE_SCHEMA.names)
        relation = f"{RAW_SCHEMA}.raw__quarantined_rows"
        statement = f"insert into {relation} select distinct {columns} from {rows_of(connection, files)}"  # noqa: S608
        _execute(connection, statement, what="the quarantined rows")


def _create_table(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    """Create a table from Arrow."""
    connection.register("incoming", table)
    connection.execute(f"create table {RAW_SCHEMA}.raw__{name} as select * from incoming")  # noqa: S608 - our own names
    connection.unregister("incoming")


def _execute(connection: duckdb.DuckDBPyConnection, statement: str, *, what: str) -> None:
    """Run a statement over landed files; the database's own message may quote data and is left out."""
    try:
        connection.execute(statement)
    except duckdb.Error as error:
        message = (
            f"Could not read {what} ({type(error).__name__}): a file is gone, broken or not of the contract's columns. "
            "Run `narvaro status`, then land the night again."
        )
        raise BuildError(message) from None
