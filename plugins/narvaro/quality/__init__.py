"""Run a suite on a load or a mart; quarantine rows; give a verdict."""

from __future__ import annotations

from narvaro.quality.door import check_load, check_mart
from narvaro.quality.forgetting import forget_rows
from narvaro.quality.quarantine import quarantine_path, remarks_path, rows_told_of, sweep_quarantine, write_quarantine
from narvaro.quality.standing import standing_failures
from narvaro.quality.suite import load_suite
from narvaro.quality.verdict import Failure, FaultyRow, Verdict
from narvaro.quality.withholding import withhold_ids

__all__ = [
    "Failure",
    "FaultyRow",
    "Verdict",
    "check_load",
    "check_mart",
    "forget_rows",
    "load_suite",
    "quarantine_path",
    "remarks_path",
    "rows_told_of",
    "standing_failures",
    "sweep_quarantine",
    "withhold_ids",
    "write_quarantine",
]
