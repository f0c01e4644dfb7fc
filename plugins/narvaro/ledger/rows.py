"""Between the ledger's rows and its records."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from narvaro.ledger.records import FailureRecord, LoadFile, LoadRecord, NightRecord, SourceStatus, VerdictRecord

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime


def night_from_row(row: Mapping[Any, Any]) -> NightRecord:
    """Give a night as it was recorded."""
    return NightRecord(**{**row, "reads": tuple((entity, kind) for entity, kind in row["reads"] or ())})


def load_row(load: LoadRecord, now: datetime) -> dict[str, Any]:
    """Give a new load as a row."""
    return asdict(load) | {"status": "landed", "landed_at": load.landed_at or now}


def load_from_row(row: Mapping[Any, Any]) -> LoadRecord:
    """Give a load as it was recorded."""
    return LoadRecord(**{**row, "files": tuple(LoadFile(**entry) for entry in row["files"])})


def verdict_from_row(row: Mapping[Any, Any]) -> VerdictRecord:
    """Give a verdict as it was recorded."""
    values = {key: value for key, value in row.items() if key != "verdict_id"}
    failures = (FailureRecord(**{**entry, "record_ids": tuple(entry["record_ids"])}) for entry in row["failures"])
    return VerdictRecord(**{**values, "failures": tuple(failures)})


def status_of(source: str, records: Sequence[NightRecord], newest: date | None) -> SourceStatus:
    """Give a source's standing from its nights, newest first."""
    good = next((record.night for record in records if record.status == "accepted"), None)
    last = records[0] if records else None
    return SourceStatus(
        source=source,
        status=last.status if last else "never",
        last_good_night=good,
        last_attempt_night=last.night if last else None,
        is_stale=good is None or (newest is not None and good < newest),
        reason=last.reason if last else "",
    )
