"""The ledger's tables; the migrations under `migrations/` bring them about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

# The newest migration; a test holds it against the folder, so that opening need not import Alembic.
REVISION = "0004"
# Not Alembic's own name: Airflow's metadata uses that one, and the two may share a server.
VERSION_TABLE = "narvaro_ledger_version"


class UtcTime(sa.TypeDecorator[datetime]):
    """An aware time, kept in UTC on every database."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[datetime]:
        """Give the database's own type for a point in time."""
        return dialect.type_descriptor(sa.DateTime(timezone=dialect.name != "sqlite"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Take aware times only: a naive one has no meaning here."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = "the ledger takes aware times only; give the time a timezone"
            raise TypeError(msg)
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the time back aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


METADATA = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    },
)

NIGHTS = sa.Table(
    "nights",
    METADATA,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("night", sa.Date, primary_key=True),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("landed_at", UtcTime),
    sa.Column("settled_at", UtcTime),
    # What the night read whole or by window, as (entity, kind); null before the second revision.
    sa.Column("reads", sa.JSON(none_as_null=True)),
)

LOADS = sa.Table(
    "loads",
    METADATA,
    sa.Column("load_id", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("entity", sa.Text, nullable=False),
    sa.Column("night", sa.Date, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("cursor_from", UtcTime),
    sa.Column("cursor_to", UtcTime, nullable=False),
    sa.Column("server_date", UtcTime),
    sa.Column("schema_fingerprint", sa.Text, nullable=False),
    sa.Column("received", sa.BigInteger),
    sa.Column("expected", sa.BigInteger),
    sa.Column("files", sa.JSON, nullable=False),
    sa.Column("landed_at", UtcTime, nullable=False),
    sa.Index(None, "source", "night"),
)

VERDICTS = sa.Table(
    "verdicts",
    METADATA,
    sa.Column("verdict_id", sa.Integer, primary_key=True),
    sa.Column("suite", sa.Text, nullable=False),
    sa.Column("load_id", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("entity", sa.Text, nullable=False),
    sa.Column("night", sa.Date),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("quarantined_rows", sa.BigInteger, nullable=False),
    sa.Column("failures", sa.JSON, nullable=False),
    sa.Column("checked_at", UtcTime, nullable=False),
    sa.Index(None, "source", "night"),
    sa.Index(None, "load_id"),
)

CURSORS = sa.Table(
    "cursors",
    METADATA,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("entity", sa.Text, primary_key=True),
    sa.Column("cursor_at", UtcTime, nullable=False),
    sa.Column("night", sa.Date, nullable=False),
)

SOURCE_CAPABILITIES = sa.Table(
    "source_capabilities",
    METADATA,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("probed_at", UtcTime, primary_key=True),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("capabilities", sa.JSON, nullable=False),
)

SOURCE_READS = sa.Table(
    "source_reads",
    METADATA,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("entity", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("last_night", sa.Date),
    sa.Column("due_reason", sa.Text, nullable=False),
)

BRAKES = sa.Table(
    "brakes",
    METADATA,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("night", sa.Date, primary_key=True),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("units", sa.JSON, nullable=False),
    sa.Column("told", sa.BigInteger, nullable=False),
    sa.Column("inferred", sa.BigInteger, nullable=False),
    sa.Column("pulled_at", UtcTime, nullable=False),
    sa.Column("decided_by", sa.Text, nullable=False),
    sa.Column("decided_at", UtcTime),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Index(None, "status"),
)

LETTERS = sa.Table(
    "letters",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("night", sa.Date, nullable=False),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("queued_at", UtcTime, nullable=False),
    sa.Column("sent_at", UtcTime),
    sa.Column("channel", sa.Text, nullable=False, server_default="email"),
    sa.Column("role", sa.Text, nullable=False, server_default=""),
    sa.Column("next_attempt_at", UtcTime),
    sa.Column("failed_reason", sa.Text, nullable=False, server_default=""),
    sa.Index(None, "status"),
)

RELEASES = sa.Table(
    "releases",
    METADATA,
    sa.Column("release_id", sa.Text, primary_key=True),
    sa.Column("night", sa.Date, nullable=False),
    sa.Column("made_at", UtcTime, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("code_version", sa.Text, nullable=False),
    sa.Column("load_ids", sa.JSON, nullable=False),
    sa.Column("tables", sa.JSON, nullable=False),
    sa.Column("audit", sa.JSON, nullable=False),
)
