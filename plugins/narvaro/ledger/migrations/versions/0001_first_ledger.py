"""The first ledger: nights, loads, verdicts, cursors, issues, letters, releases, accesses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Bring the tables about, in the order that their keys need."""
    _create_nights()
    _create_loads()
    _create_verdicts()
    _create_cursors()
    _create_issues()
    _create_issue_events()
    _create_letters()
    _create_releases()
    _create_accesses()


def _create_nights() -> None:
    op.create_table(
        "nights",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("landed_at", _TIME, nullable=True),
        sa.Column("settled_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("source", "night", name="pk_nights"),
    )


def _create_loads() -> None:
    op.create_table(
        "loads",
        sa.Column("load_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("cursor_from", _TIME, nullable=True),
        sa.Column("cursor_to", _TIME, nullable=False),
        sa.Column("server_date", _TIME, nullable=True),
        sa.Column("schema_fingerprint", sa.Text(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=True),
        sa.Column("expected", sa.BigInteger(), nullable=True),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("landed_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("load_id", name="pk_loads"),
    )
    op.create_index("ix_loads_source_night", "loads", ["source", "night"])


def _create_verdicts() -> None:
    op.create_table(
        "verdicts",
        sa.Column("verdict_id", sa.Integer(), nullable=False),
        sa.Column("suite", sa.Text(), nullable=False),
        sa.Column("load_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("night", sa.Date(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("quarantined_rows", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.JSON(), nullable=False),
        sa.Column("checked_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("verdict_id", name="pk_verdicts"),
    )
    op.create_index("ix_verdicts_load_id", "verdicts", ["load_id"])
    op.create_index("ix_verdicts_source_night", "verdicts", ["source", "night"])


def _create_cursors() -> None:
    op.create_table(
        "cursors",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("cursor_at", _TIME, nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("source", "entity", name="pk_cursors"),
    )


def _create_issues() -> None:
    op.create_table(
        "issues",
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("school_unit_code", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_night", sa.Date(), nullable=False),
        sa.Column("last_seen_night", sa.Date(), nullable=False),
        sa.Column("resolved_night", sa.Date(), nullable=True),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("nights_seen", sa.Integer(), nullable=False),
        sa.Column("record_ids", sa.JSON(), nullable=False),
        sa.Column("note_sv", sa.Text(), nullable=False),
        sa.Column("note_en", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_issues"),
    )
    op.create_index("ix_issues_source_door_state", "issues", ["source", "door", "state"])


def _create_issue_events() -> None:
    op.create_table(
        "issue_events",
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["fingerprint"], ["issues.fingerprint"], name="fk_issue_events_fingerprint"),
        sa.PrimaryKeyConstraint("fingerprint", "night", name="pk_issue_events"),
    )
    op.create_index("ix_issue_events_night", "issue_events", ["night"])


def _create_letters() -> None:
    op.create_table(
        "letters",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("queued_at", _TIME, nullable=False),
        sa.Column("sent_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_letters"),
    )
    op.create_index("ix_letters_status", "letters", ["status"])


def _create_releases() -> None:
    op.create_table(
        "releases",
        sa.Column("release_id", sa.Text(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("made_at", _TIME, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("code_version", sa.Text(), nullable=False),
        sa.Column("load_ids", sa.JSON(), nullable=False),
        sa.Column("tables", sa.JSON(), nullable=False),
        sa.Column("audit", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("release_id", name="pk_releases"),
    )


def _create_accesses() -> None:
    op.create_table(
        "accesses",
        sa.Column("access_id", sa.Integer(), nullable=False),
        sa.Column("accessed_at", _TIME, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("access_id", name="pk_accesses"),
    )
