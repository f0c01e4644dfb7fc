"""Open the ledger's database: create it, migrate it, refuse what is newer than this program."""

from __future__ import annotations

import fcntl
import os
import threading
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from narvaro.errors import LedgerError
from narvaro.ledger.tables import REVISION, VERSION_TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection, Engine

BUSY_TIMEOUT_SECONDS = 60
# One key for every write to a PostgreSQL ledger: the same single-writer rule that SQLite has.
WRITER_KEY = zlib.crc32(b"narvaro ledger writer")
# Alembic keeps its context in a module: one migration at a time within a process.
_ALEMBIC_LOCK = threading.Lock()


def open_engine(url: str) -> Engine:
    """Give an engine on a ledger of this program's version, created or migrated when needed.

    Raises:
        LedgerError: the database cannot be reached, or is of a newer version.
    """
    engine = _engine(url)
    with database_errors(engine, doing="open"):
        with engine.connect() as connection:
            is_current = _revision(connection) == REVISION
        if not is_current:
            _migrate(engine)
    return engine


@contextmanager
def database_errors(engine: Engine, *, doing: str) -> Iterator[None]:
    """Turn the database's errors into ours; neither passwords nor parameters are shown."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).splitlines() or [""]
        message = (
            f"The ledger {engine.url.render_as_string(hide_password=True)} could not {doing}: {cause[0]}. "
            "Check that its folder or server is there, writable and not full."
        )
        raise LedgerError(message) from None


def sqlite_path(engine: Engine) -> Path | None:
    """Give the file of an SQLite ledger, None on a server."""
    return Path(engine.url.database or "") if engine.dialect.name == "sqlite" else None


@contextmanager
def file_lock(path: Path, *, wait: bool) -> Iterator[bool]:
    """Hold a lock file and tell whether we got it; the system frees it when the process dies."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def _engine(url: str) -> Engine:
    """Give an engine that leaves no connection behind for forked workers to share."""
    try:
        parsed = sa.make_url(url)
        if parsed.drivername == "postgresql":
            # The driver that this environment ships, not SQLAlchemy's default of the day.
            parsed = parsed.set(drivername="postgresql+psycopg2")
        if parsed.get_backend_name() == "sqlite":
            if not parsed.database or parsed.database == ":memory:":
                msg = "The ledger's SQLite URL names no file. Write sqlite:////folder/ledger.db."
                raise LedgerError(msg)
            _create_file(Path(parsed.database))
        engine = sa.create_engine(parsed, poolclass=NullPool, hide_parameters=True)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError):
        message = (
            "NARVARO_LEDGER_URL is not a database URL that this program can use. "
            "Write sqlite:////folder/ledger.db or postgresql+psycopg2://user:password@host/database."
        )
        raise LedgerError(message) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _create_file(path: Path) -> None:
    """Create the file for its owner's eyes only; SQLite gives its companions the same mode."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        message = f"The ledger {path} cannot be created: {error.strerror}. Make its folder writable, or free space."
        raise LedgerError(message) from None


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own object
    """Leave transactions to us, wait for other writers, and survive a power cut."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"pragma busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}")
    cursor.execute("pragma foreign_keys = on")
    cursor.execute("pragma synchronous = full")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Begin; a writer takes its place at once, for a reader that turns writer cannot wait."""
    is_writer = connection.get_execution_options().get("narvaro_writer")
    connection.exec_driver_sql("begin immediate" if is_writer else "begin")


def _revision(connection: Connection) -> str | None:
    """Give the ledger's version, None when it has none yet."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    version = sa.table(VERSION_TABLE, sa.column("version_num", sa.Text))
    return connection.execute(sa.select(version.c.version_num)).scalar()


def _migrate(engine: Engine) -> None:
    """Bring the ledger to this program's version; the second of two openers finds it done."""
    path = sqlite_path(engine)
    if path is None:
        with _ALEMBIC_LOCK, writing(engine) as connection:
            _upgrade(connection)
        return
    with _ALEMBIC_LOCK, file_lock(path.with_name(path.name + ".lock"), wait=True):
        with engine.connect() as connection:
            raw = connection.connection.driver_connection
            if raw is not None:
                raw.execute("pragma journal_mode = wal")
        with writing(engine) as connection:
            _upgrade(connection)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a transaction that is the ledger's only writer until it ends."""
    with engine.connect().execution_options(narvaro_writer=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(WRITER_KEY)))
        yield connection


def _upgrade(connection: Connection) -> None:
    """Run the migrations that are missing; nothing is left to do when another opener was first."""
    if _revision(connection) == REVISION:
        return
    # Alembic is wanted once in a ledger's life; its import would cost every task 0.2 s.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError:
        message = (
            f"The ledger is of another version than this program, which knows {REVISION} at most. "
            "Run the newer program, or restore the ledger's copy from before the upgrade."
        )
        raise LedgerError(message) from None
