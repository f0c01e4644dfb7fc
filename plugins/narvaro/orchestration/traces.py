"""Where somebody's pseudonyms can still be read, in the bytes of files and in the values that they unpack to."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from narvaro.at_rest import open_parquet, rows_of, shown_name
from narvaro.ledger import tells_any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from narvaro.orchestration.line import Line

_CHUNK = 8 * 1024 * 1024
_FILES_AT_ONCE = 500


def traces_left(line: Line, needles: Collection[str]) -> list[str]:
    """Give the files of an installation that hold one of some texts: as bytes, or among the values of a table."""
    forms = tuple(form for needle in sorted(needles) for form in forms_of(needle))
    parquet: list[Path] = []
    found: list[str] = []
    for path in _files(line):
        if path.suffix == ".parquet":
            parquet.append(path)
        elif holds_bytes(path, forms) or (path.suffix == ".duckdb" and _duckdb_holds(path, needles)):
            found.append(_shown(line, path))
    return sorted([*found, *(_shown(line, path) for path in _parquet_holding(parquet, needles))])


def forms_of(needle: str) -> set[bytes]:
    """Give a text as it may stand in bytes: plain, in capitals, UTF-16, base64 at any place, hexadecimal."""
    plain = needle.encode()
    encoded = {base64.b64encode(b"\0" * shift + plain)[_clean(shift) :].rstrip(b"=")[:-2] for shift in range(3)}
    return {plain, needle.upper().encode(), needle.encode("utf-16-le"), plain.hex().encode(), *encoded}


def holds_bytes(path: Path, forms: Collection[bytes]) -> bool:
    """Tell whether a file's bytes hold one of some forms."""
    longest = max(map(len, forms), default=0)
    tail = b""
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                window = tail + chunk
                if any(form in window for form in forms):
                    return True
                tail = window[-longest:]
    except FileNotFoundError:
        # A run that ended meanwhile has taken it away.
        return False
    return False


def forget_mails(line: Line, ids: Collection[str]) -> int:
    """Remove letters that the demo's mail server keeps and that name one of some ids; gives how many."""
    count = 0
    for path in sorted(line.settings.mail_dir.rglob("*")):
        if path.is_file() and tells_any(path.read_text(encoding="utf-8", errors="replace"), ids):
            path.unlink()
            count += 1
    return count


def _clean(shift: int) -> int:
    """Give how many characters of a base64 text depend on what stood before it."""
    return {0: 0, 1: 2, 2: 3}[shift]


def _files(line: Line) -> Iterator[Path]:
    """Give every file of the installation, wherever its stores lie."""
    settings = line.settings
    stores = (settings.home, settings.landing_dir, settings.quarantine_dir, settings.warehouse_path.parent)
    seen: set[Path] = set()
    for store in (*stores, settings.published_dir, settings.mail_dir):
        for path in store.rglob("*"):
            if path.is_file() and not path.is_symlink() and path not in seen:
                seen.add(path)
                yield path


def _parquet_holding(paths: list[Path], needles: Collection[str]) -> Iterator[Path]:
    """Give the Parquet files with one of the texts in a column that can hold a pseudonym."""
    import duckdb

    by_column: dict[str, list[Path]] = {}
    for path in paths:
        with open_parquet(path) as file:
            names = file.schema_arrow.names
        for column in {"person_id", "pupil_id", "record_id"}.intersection(names):
            by_column.setdefault(column, []).append(path)
    with duckdb.connect(config={"memory_limit": "1GB"}) as connection:
        for column, files in by_column.items():
            for start in range(0, len(files), _FILES_AT_ONCE):
                yield from _holding(connection, column, files[start : start + _FILES_AT_ONCE], needles)


def _holding(
    connection: DuckDBPyConnection, column: str, files: Collection[Path], needles: Collection[str]
) -> Iterator[Path]:
    """Give those of some files that hold a text in a column."""
    names = {shown_name(path): path for path in files}
    rows = rows_of(connection, list(names.values()), "union_by_name = true", "filename = true")
    query = f"select distinct filename from {rows} where {column} in (select unnest($needles::varchar[]))"  # noqa: S608
    for (name,) in connection.execute(query, {"needles": sorted(needles)}).fetchall():
        yield names[name]


def _duckdb_holds(path: Path, needles: Collection[str]) -> bool:
    """Tell whether a text column of a DuckDB file holds one of some texts: its blocks are compressed."""
    import duckdb

    with duckdb.connect(str(path), read_only=True) as connection:
        columns = connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns() "
            "where data_type = 'VARCHAR' and not internal and database_name = current_database()"
        ).fetchall()
        for schema, table, column in columns:
            query = (
                f'select exists (from "{schema}"."{table}" where "{column}" in (select unnest($needles::varchar[])))'
            )
            (answer,) = connection.execute(query, {"needles": sorted(needles)}).fetchall()[0]
            if answer:
                return True
    return False


def _shown(line: Line, path: Path) -> str:
    """Give a path as people are told it."""
    home = line.settings.home
    return str(path.relative_to(home)) if path.is_relative_to(home) else str(path)
