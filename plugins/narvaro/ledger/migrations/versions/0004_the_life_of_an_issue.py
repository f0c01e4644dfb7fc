"""An issue has an owner, may be answered, escalated and found to flap; a letter has a channel and its next try."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Bring the tables about, and what issues and letters tell besides."""
    op.add_column("issues", sa.Column("owner", sa.Text(), nullable=False, server_default="vendor"))
    op.add_column("issues", sa.Column("escalated_night", sa.Date(), nullable=True))
    op.add_column("issues", sa.Column("flapping_since", sa.Date(), nullable=True))
    op.add_column("letters", sa.Column("channel", sa.Text(), nullable=False, server_default="email"))
    op.add_column("letters", sa.Column("role", sa.Text(), nullable=False, server_default=""))
    op.add_column("letters", sa.Column("next_attempt_at", _TIME, nullable=True))
    op.add_column("letters", sa.Column("failed_reason", sa.Text(), nullable=False, server_default=""))
    _create_issue_answers()
    _create_issue_tellings()


def _create_issue_answers() -> None:
    op.create_table(
        "issue_answers",
        sa.Column("answer_id", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("answered_by", sa.Text(), nullable=False),
        sa.Column("answered_at", _TIME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("opened_night", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["fingerprint"], ["issues.fingerprint"], name="fk_issue_answers_fingerprint"),
        sa.PrimaryKeyConstraint("answer_id", name="pk_issue_answers"),
    )
    op.create_index("ix_issue_answers_fingerprint", "issue_answers", ["fingerprint"])


def _create_issue_tellings() -> None:
    op.create_table(
        "issue_tellings",
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("recorded_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["fingerprint"], ["issues.fingerprint"], name="fk_issue_tellings_fingerprint"),
        sa.PrimaryKeyConstraint("fingerprint", "night", "kind", name="pk_issue_tellings"),
    )
