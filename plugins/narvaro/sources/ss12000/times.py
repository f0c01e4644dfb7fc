"""Times and dates of the wire, brought to UTC a column at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa

TIME = pa.timestamp("us", tz="UTC")
_DATE_DIGITS = 10


class NotATimeError(ValueError):
    """A text is not a time or date; carries the field's name, never the text."""


def utc_times(texts: Sequence[str | None], naive_timezone: ZoneInfo, field: str) -> pa.Array:
    """Give wire times as UTC; one without an offset is read in `naive_timezone`.

    Of a local hour that occurs twice the first is meant, as no source says which.

    Raises:
        NotATimeError: a text is not a time.
    """
    try:
        return pa.array(texts, pa.string()).cast(TIME)
    except pa.ArrowInvalid:
        # Naive, empty or with more digits than microseconds: slower, one at a time.
        return pa.array([_utc_time(text, naive_timezone, field) for text in texts], TIME)


def local_dates(texts: Sequence[str], naive_timezone: ZoneInfo, timezone: ZoneInfo, field: str) -> pa.Array:
    """Give the county's civil date of each wire time.

    Raises:
        NotATimeError: a text is not a time.
    """
    times = (_utc_time(text, naive_timezone, field) for text in texts)
    return pa.array([time and time.astimezone(timezone).date() for time in times], pa.date32())


def dates(texts: Sequence[str | None], field: str) -> pa.Array:
    """Give wire dates; what follows the day, as some servers send it, is left out.

    Raises:
        NotATimeError: a text is not a date.
    """
    try:
        return pa.array([date.fromisoformat(text[:_DATE_DIGITS]) if text else None for text in texts], pa.date32())
    except ValueError:
        raise NotATimeError(field) from None


def wire_time(moment: datetime) -> str:
    """Write a moment for a query: UTC with a Z, for an offset's plus sign is easily lost on the way."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _utc_time(text: str | None, naive_timezone: ZoneInfo, field: str) -> datetime | None:
    """Read one wire time."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.strip().upper())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=naive_timezone)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise NotATimeError(field) from None
