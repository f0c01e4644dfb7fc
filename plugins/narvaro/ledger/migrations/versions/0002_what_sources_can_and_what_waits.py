"""What each source can do, when it was last read whole, and the deletions that wait for a person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Bring the tables about, and what a night read whole."""
    op.add_column("nights", sa.Column("reads", sa.JSON(), nullable=True))
    _create_source_capabilities()
    _create_source_reads()
    _create_brakes()


def _create_source_capabilities() -> None:
    op.create_table(
        "source_capabilities",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("probed_at", _TIME, nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("capabilities", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("source", "probed_at", name="pk_source_capabilities"),
    )


def _create_source_reads() -> None:
    op.create_table(
        "source_reads",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("last_night", sa.Date(), nullable=True),
        sa.Column("due_reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "entity", "kind", name="pk_source_reads"),
    )


def _create_brakes() -> None:
    op.create_table(
        "brakes",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("units", sa.JSON(), nullable=False),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.Column("inferred", sa.BigInteger(), nullable=False),
        sa.Column("pulled_at", _TIME, nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", _TIME, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "night", name="pk_brakes"),
    )
    op.create_index("ix_brakes_status", "brakes", ["status"])
