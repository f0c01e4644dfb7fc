"""The operational state: loads, cursors, verdicts, issues, letters, releases."""

from __future__ import annotations

from narvaro.ledger.book import Ledger
from narvaro.ledger.records import (
    AccessRecord,
    FailureRecord,
    IssueRecord,
    LetterRecord,
    LoadFile,
    LoadRecord,
    NightRecord,
    ReleaseRecord,
    ReleaseTable,
    SourceStatus,
    VerdictRecord,
)

__all__ = [
    "AccessRecord",
    "FailureRecord",
    "IssueRecord",
    "Ledger",
    "LetterRecord",
    "LoadFile",
    "LoadRecord",
    "NightRecord",
    "ReleaseRecord",
    "ReleaseTable",
    "SourceStatus",
    "VerdictRecord",
]
