"""A verdict as the ledger keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from narvaro.ledger import FailureRecord, VerdictRecord

if TYPE_CHECKING:
    from datetime import date

    from narvaro.quality import Verdict


def verdict_record(verdict: Verdict, night: date) -> VerdictRecord:
    """Give a verdict as the ledger keeps it: counts and record ids, never rows."""
    summary = verdict.summary()
    failures = tuple(FailureRecord(**failure) for failure in summary.pop("failures"))
    return VerdictRecord(**summary, night=night, failures=failures)
