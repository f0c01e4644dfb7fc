"""The access log becomes a chain; what retention and erasure removed is kept as counts and file names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from narvaro.ledger.chain import FIRST_HASH, chain_hash

revision = "0003"
down_revision = "0002"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Bring the tables about, and chain what has been logged so far."""
    op.add_column("accesses", sa.Column("grain", sa.Text(), nullable=False, server_default=""))
    op.add_column("accesses", sa.Column("chain_hash", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "access_heads",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("accesses", sa.BigInteger(), nullable=False),
        sa.Column("chain_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_access_heads"),
    )
    _chain()
    _create_removal_runs()
    _create_removals()


def _chain() -> None:
    """Chain the rows that are there."""
    connection = op.get_bind()
    accesses = sa.table(
        "accesses",
        sa.column("access_id", sa.Integer),
        sa.column("accessed_at", _TIME),
        *(sa.column(name, sa.Text) for name in ("actor", "purpose", "grain", "statement", "chain_hash")),
        sa.column("rows", sa.BigInteger),
    )
    found, count = FIRST_HASH, 0
    for row in connection.execute(sa.select(accesses).order_by(accesses.c.access_id)).mappings().all():
        count += 1
        found = chain_hash(found, count, row)
        mine = accesses.c.access_id == row["access_id"]
        connection.execute(sa.update(accesses).where(mine).values(chain_hash=found))
    heads = sa.table(
        "access_heads", sa.column("name", sa.Text), sa.column("accesses"), sa.column("chain_hash", sa.Text)
    )
    connection.execute(sa.insert(heads).values(name="accesses", accesses=count, chain_hash=found))


def _create_removal_runs() -> None:
    op.create_table(
        "removal_runs",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("sealed", sa.JSON(), nullable=False),
        sa.Column("begun_at", _TIME, nullable=False),
        sa.Column("finished_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("run_id", name="pk_removal_runs"),
    )


def _create_removals() -> None:
    op.create_table(
        "removals",
        sa.Column("removal_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("class_name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("load_id", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("removed_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["removal_runs.run_id"], name="fk_removals_run_id"),
        sa.PrimaryKeyConstraint("removal_id", name="pk_removals"),
    )
    op.create_index("ix_removals_run_id", "removals", ["run_id"])
