"""The operational state: loads, cursors, verdicts, brakes, issues, letters, releases."""

from __future__ import annotations

from narvaro.ledger.book import Ledger
from narvaro.ledger.forgetting import tells_any
from narvaro.ledger.issue_records import AnswerRecord, IssueEventRecord, IssueRecord
from narvaro.ledger.privacy_records import AccessRecord, ChainRecord, RemovalRecord, RemovalRun
from narvaro.ledger.records import (
    BrakeRecord,
    CapabilityRecord,
    FailureRecord,
    LetterRecord,
    LoadFile,
    LoadRecord,
    NightRecord,
    ReadRecord,
    ReleaseRecord,
    ReleaseTable,
    SourceStatus,
    VerdictRecord,
)

__all__ = [
    "AccessRecord",
    "AnswerRecord",
    "BrakeRecord",
    "CapabilityRecord",
    "ChainRecord",
    "FailureRecord",
    "IssueEventRecord",
    "IssueRecord",
    "Ledger",
    "LetterRecord",
    "LoadFile",
    "LoadRecord",
    "NightRecord",
    "ReadRecord",
    "ReleaseRecord",
    "ReleaseTable",
    "RemovalRecord",
    "RemovalRun",
    "SourceStatus",
    "VerdictRecord",
    "tells_any",
]
