"""The ledger's tables on what was removed on purpose, and on the log of who read restricted data."""

from __future__ import annotations

import sqlalchemy as sa

from narvaro.ledger.tables import METADATA, UtcTime

REMOVAL_RUNS = sa.Table(
    "removal_runs",
    METADATA,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("terms", sa.JSON, nullable=False),
    sa.Column("sealed", sa.JSON, nullable=False),
    sa.Column("begun_at", UtcTime, nullable=False),
    sa.Column("finished_at", UtcTime),
)

REMOVALS = sa.Table(
    "removals",
    METADATA,
    sa.Column("removal_id", sa.Integer, primary_key=True),
    sa.Column("run_id", sa.Text, sa.ForeignKey("removal_runs.run_id"), nullable=False),
    sa.Column("class_name", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("entity", sa.Text, nullable=False),
    sa.Column("load_id", sa.Text, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("files", sa.JSON, nullable=False),
    sa.Column("removed_at", UtcTime, nullable=False),
    sa.Index(None, "run_id"),
)

ACCESSES = sa.Table(
    "accesses",
    METADATA,
    sa.Column("access_id", sa.Integer, primary_key=True),
    sa.Column("accessed_at", UtcTime, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("statement", sa.Text, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("grain", sa.Text, nullable=False, server_default=""),
    sa.Column("chain_hash", sa.Text, nullable=False, server_default=""),
)

# One row: how long the log is and where it ends, so that a row cut off its end is missed.
ACCESS_HEADS = sa.Table(
    "access_heads",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("accesses", sa.BigInteger, nullable=False),
    sa.Column("chain_hash", sa.Text, nullable=False),
)
