"""Records to put into a ledger; a test names only what it is about."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace

from narvaro.ledger import FailureRecord, LoadFile, LoadRecord, VerdictRecord

NIGHT = date(2026, 9, 19)
NEXT_NIGHT = date(2026, 9, 20)
BOUND = datetime(2026, 9, 19, 1, 0, tzinfo=UTC)
SOURCE = "0180-stockholm"


def a_load(**changes):
    values = {
        "load_id": "20260919-0180-stockholm-lessons-abc123",
        "source": SOURCE,
        "entity": "lessons",
        "night": NIGHT,
        "rows": 3,
        "bytes": 100,
        "cursor_from": None,
        "cursor_to": BOUND,
        "schema_fingerprint": "f00d",
        "files": (LoadFile("part-0000.parquet", 3, 100, "beef"),),
    }
    return LoadRecord(**values | changes)


def a_verdict(**changes):
    failure = FailureRecord("impossible_minutes", "critical", "row", 2, "minutes", ("id-1", "id-2"))
    values = {"suite": "raw__lessons", "status": "quarantined", "rows": 3, "load_id": a_load().load_id}
    return VerdictRecord(**values | {"source": SOURCE, "entity": "lessons", "failures": (failure,)} | changes)


def a_finding(**changes):
    values = {
        "source": SOURCE,
        "school_unit_code": None,
        "rule": "impossible_minutes",
        "door": "rows",
        "severity": "critical",
        "count": 2,
        "record_ids": ("id-1", "id-2"),
        "note_sv": "Rätta.",
        "note_en": "Mend.",
        "details": {"entities": ["attendances"]},
        "owner": "vendor",
    }
    return SimpleNamespace(**values | changes)


def a_letter(**changes):
    values = {
        "key": "2026-09-19/skola@kommun.example",
        "night": NIGHT,
        "recipient": "skola@kommun.example",
        "language": "sv",
        "subject": "Närvarodata",
        "message": "Subject: x\r\n\r\nhej",
        "channel": "email",
        "role": "",
    }
    return SimpleNamespace(**values | changes)
