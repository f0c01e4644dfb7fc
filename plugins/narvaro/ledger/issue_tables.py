"""The ledger's tables on issues: what is wrong, what each night did to it, what people said and were told of it."""

from __future__ import annotations

import sqlalchemy as sa

from narvaro.ledger.tables import METADATA, UtcTime

ISSUES = sa.Table(
    "issues",
    METADATA,
    sa.Column("fingerprint", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("school_unit_code", sa.Text),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("door", sa.Text, nullable=False),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("opened_night", sa.Date, nullable=False),
    sa.Column("last_seen_night", sa.Date, nullable=False),
    sa.Column("resolved_night", sa.Date),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("nights_seen", sa.Integer, nullable=False),
    sa.Column("record_ids", sa.JSON, nullable=False),
    sa.Column("note_sv", sa.Text, nullable=False),
    sa.Column("note_en", sa.Text, nullable=False),
    sa.Column("details", sa.JSON, nullable=False),
    sa.Column("owner", sa.Text, nullable=False, server_default="vendor"),
    sa.Column("escalated_night", sa.Date),
    sa.Column("flapping_since", sa.Date),
    sa.Index(None, "source", "door", "state"),
)

ISSUE_EVENTS = sa.Table(
    "issue_events",
    METADATA,
    sa.Column("fingerprint", sa.Text, sa.ForeignKey("issues.fingerprint"), primary_key=True),
    sa.Column("night", sa.Date, primary_key=True),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("recorded_at", UtcTime, nullable=False),
    sa.Index(None, "night"),
)

# Only ever added to: the newest answer counts, and the others tell how it came to be.
ISSUE_ANSWERS = sa.Table(
    "issue_answers",
    METADATA,
    sa.Column("answer_id", sa.Integer, primary_key=True),
    sa.Column("fingerprint", sa.Text, sa.ForeignKey("issues.fingerprint"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("answered_by", sa.Text, nullable=False),
    sa.Column("answered_at", UtcTime, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("until", sa.Date),
    # Which opening of the issue was answered: clocks may go back, this does not.
    sa.Column("opened_night", sa.Date, nullable=False),
    sa.Index(None, "fingerprint"),
)

ISSUE_TELLINGS = sa.Table(
    "issue_tellings",
    METADATA,
    sa.Column("fingerprint", sa.Text, sa.ForeignKey("issues.fingerprint"), primary_key=True),
    sa.Column("night", sa.Date, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("recorded_at", UtcTime, nullable=False),
)
