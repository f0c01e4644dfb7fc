"""What a sample of rows shows of its server; only shapes and names of attributes leave here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from narvaro.sources.ss12000.probe.asking import Json
from narvaro.sources.ss12000.probe.capabilities import Times
from narvaro.sources.ss12000.probe.lists import ListSpec

_OFFSET = re.compile(r"T.*(Z|[+-][0-9]{2}:?[0-9]{2})$", re.IGNORECASE)
_FRACTION = re.compile(r":[0-9]{2}[.,][0-9]")
_FIRST_HOUR, _LAST_HOUR = 6, 20
_FIRST_YEAR, _LAST_YEAR = 1900, 2300
# A lesson now and then lies in the evening; a whole time zone is another matter.
_ODD_SHARE = 0.1
_ALIKE_SHARE = 0.9
_ENOUGH_ROWS = 5
# Spellings of a civic number by their look; 9 stands for a digit.
_SPELLINGS = {
    "999999999999": "12 digits",
    "99999999-9999": "8+4 digits with a dash",
    "999999-9999": "6+4 digits with a dash",
    "999999+9999": "6+4 digits with a plus",
    "9999999999": "10 digits",
}
_REFERENCES = ("student", "reporter", "organisation", "calendarEvent", "activity", "syllabus", "registeredBy")


def meant(spec: ListSpec, rows: Iterable[Json]) -> list[Json]:
    """Give the rows that should carry the list's attributes."""
    if spec.only is None:
        return list(rows)
    name, value = spec.only
    return [row for row in rows if row.get(name) == value]


def missing(spec: ListSpec, rows: list[Json]) -> tuple[str, ...]:
    """Give the attributes that none of the rows carries."""
    looked_at = meant(spec, rows)
    if len(looked_at) < _ENOUGH_ROWS:
        return ()
    return tuple(name for name in spec.attributes if all(row.get(name) in (None, [], {}) for row in looked_at))


def modified_texts(rows: Iterable[Json]) -> list[str]:
    """Give `meta.modified` of the rows that have one."""
    texts = (row["meta"].get("modified") for row in rows if isinstance(row.get("meta"), dict))
    return [text for text in texts if isinstance(text, str) and text]


def texts_of(name: str | None, rows: Iterable[Json]) -> list[str]:
    """Give a time of the rows that have one."""
    texts = (row.get(name) for row in rows) if name else ()
    return [text for text in texts if isinstance(text, str) and text]


def times(texts: list[str]) -> Times | None:
    """Tell whether times carry an offset."""
    have = {bool(_OFFSET.search(text)) for text in texts}
    if not have:
        return None
    return "mixed" if len(have) > 1 else "offset" if have == {True} else "naive"


def has_fractions(texts: list[str]) -> bool | None:
    """Tell whether times carry fractions of a second."""
    return any(_FRACTION.search(text) for text in texts) if texts else None


def moment(text: object, naive_timezone: ZoneInfo) -> datetime | None:
    """Read a time; None when it is none."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text.strip().upper())
        # At the ends of time there is no hour before or after.
        is_usual = _FIRST_YEAR <= found.year <= _LAST_YEAR
        return (found if found.tzinfo else found.replace(tzinfo=naive_timezone)).astimezone(UTC) if is_usual else None
    except (ValueError, OverflowError):
        return None


def modified(row: Json, naive_timezone: ZoneInfo) -> datetime | None:
    """Read when a row was changed."""
    meta = row.get("meta")
    return moment(meta.get("modified"), naive_timezone) if isinstance(meta, dict) else None


def is_modified_at_start(rows: list[Json], naive_timezone: ZoneInfo) -> bool | None:
    """Tell whether lessons are said to change when they begin."""
    pairs = [(modified(row, naive_timezone), moment(row.get("startTime"), naive_timezone)) for row in rows]
    known = [changed == start for changed, start in pairs if changed is not None and start is not None]
    return sum(known) >= _ALIKE_SHARE * len(known) if len(known) >= _ENOUGH_ROWS else None


def lesson_hours(
    rows: list[Json], naive_timezone: ZoneInfo, timezone: ZoneInfo
) -> Literal["plausible", "implausible"] | None:
    """Tell whether lessons begin in the daytime."""
    starts = [moment(row.get("startTime"), naive_timezone) for row in rows]
    hours = [start.astimezone(timezone).hour for start in starts if start is not None]
    if len(hours) < _ENOUGH_ROWS:
        return None
    odd = sum(not _FIRST_HOUR <= hour < _LAST_HOUR for hour in hours)
    return "implausible" if odd > _ODD_SHARE * len(hours) else "plausible"


def has_names(rows: Iterable[Json]) -> bool | None:
    """Tell whether references carry names that nobody asked for; None without a reference."""
    references = [row[name] for row in rows for name in _REFERENCES if isinstance(row.get(name), dict)]
    return any(reference.get("displayName") for reference in references) if references else None


def civic_spellings(rows: Iterable[Json]) -> tuple[str, ...]:
    """Give how civic numbers are spelled, never one of them."""
    numbers = (row["civicNo"].get("value") for row in rows if isinstance(row.get("civicNo"), dict))
    looks = {_SPELLINGS.get(re.sub(r"[0-9]", "9", number), "other") for number in numbers if isinstance(number, str)}
    return tuple(sorted(looks))


def ids(rows: Iterable[Json]) -> list[str | None]:
    """Give the rows' ids; whatever a server sends in an id's place can be compared as text."""
    return [None if row.get("id") is None else str(row["id"]) for row in rows]


def just_before(found: datetime) -> datetime:
    """Give a moment that excludes what lies before a change, and not the change."""
    return found.replace(microsecond=0) - timedelta(seconds=1)
