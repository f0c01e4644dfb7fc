"""Rows as a source's faults write them: each fault takes the rows of a page and gives others."""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import orjson

from narvaro.simulator.fault_kinds import WRITING

if TYPE_CHECKING:
    from narvaro.simulator.faults import Fault
    from narvaro.simulator.wire.visit import Visit
    from narvaro.simulator.wire.writer import Object

_META_TIMES = ("created", "modified")
_TIMES = (*_META_TIMES, "startTime", "endTime", "reportedTimestamp")
_UNKNOWN = "Okänt utanför standarden"
# Somebody has written where there was a list to choose from.
_PROSE = "Kanarissa Kanarieberg har kanariefeber, ring 070-17 40 605"
_MANY = 10_000
# What 2.0 demands no meta of.
_WITHOUT_META = {"activities", "groups", "persons", "syllabuses", "grades"}
_EMBEDDED = {"attendance": "attendances", "activity": "activities"}


def distorted(visit: Visit, body: bytes, timezone: ZoneInfo) -> bytes:
    """Write a page's rows as the faults of a request have them."""
    faults = [fault for fault in visit.faults if fault.kind in _WRITE]
    if not faults:
        return body
    rows: list[Object] = orjson.loads(body)
    for fault in faults:
        rows = _through(fault, rows, visit.resource, timezone)
    return orjson.dumps(rows)


def _through(fault: Fault, rows: list[Object], resource: str, timezone: ZoneInfo) -> list[Object]:
    """Send rows, and those embedded in them, through one fault."""
    for row in rows:
        for name, embedded in (row.get("_embedded") or {}).items():
            if name in _EMBEDDED and isinstance(embedded, list) and fault.kind in WRITING:
                row["_embedded"][name] = _through(fault, embedded, _EMBEDDED[name], timezone)
    if fault.resource not in (None, resource):
        return rows
    return _WRITE[fault.kind](fault, rows, resource, timezone)


def _everywhere(value: Any, change: Callable[[str, Any], Any], key: str = "") -> Any:  # noqa: ANN401 - JSON
    """Change every value that is no object or list."""
    if isinstance(value, dict):
        return {name: _everywhere(inner, change, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_everywhere(inner, change, key) for inner in value]
    return change(key, value)


def _falls_in(row: Object, share: float) -> bool:
    """Tell whether a row falls in a share, the same ones every time."""
    return zlib.crc32(str(row.get("id")).encode()) % _MANY < share * _MANY


def _wrong_header(_fault: Fault, rows: list[Object], _resource: str, _timezone: ZoneInfo) -> list[Object]:
    """Rename a field."""
    return [{("rapporterad" if key == "isReported" else key): value for key, value in row.items()} for row in rows]


def _naive_times(fault: Fault, rows: list[Object], _resource: str, timezone: ZoneInfo) -> list[Object]:
    """Leave the offset out of times."""
    zone = timezone if fault.shape == "local" else ZoneInfo("UTC")
    names = fault.fields or _TIMES

    def naive(key: str, value: Any) -> Any:  # noqa: ANN401 - JSON
        if key not in names or not isinstance(value, str):
            return value
        return datetime.fromisoformat(value).astimezone(zone).replace(tzinfo=None).isoformat()

    return [_everywhere(row, naive) for row in rows]


def _microseconds(_fault: Fault, rows: list[Object], _resource: str, _timezone: ZoneInfo) -> list[Object]:
    """Write when an object changed to the microsecond, within the second that filters know it by."""

    def fine(key: str, value: Any) -> Any:  # noqa: ANN401 - JSON
        if key not in _META_TIMES or not isinstance(value, str):
            return value
        # Earlier, never later: what lay up to a whole second still does.
        moment = datetime.fromisoformat(value) - timedelta(microseconds=1 + zlib.crc32(value.encode()) % 999_998)
        return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")

    return [_everywhere(row, fine) for row in rows]


def _stripped(fault: Fault, rows: list[Object], _resource: str, _timezone: ZoneInfo) -> list[Object]:
    """Leave attributes out."""
    return [{key: value for key, value in row.items() if key not in fault.fields} for row in rows]


def _no_meta(_fault: Fault, rows: list[Object], _resource: str, _timezone: ZoneInfo) -> list[Object]:
    """Leave out when objects changed."""
    return [{key: value for key, value in row.items() if key != "meta"} for row in rows]


def _extra_fields(_fault: Fault, rows: list[Object], _resource: str, _timezone: ZoneInfo) -> list[Object]:
    """Add what no document names, beside and within."""
    for row in rows:
        for inner in row.values():
            if isinstance(inner, dict):
                inner["x-kanari"] = {"deep": [1, None]}
        row |= {"_links": {"self": None}, "leverantörsfält": [], "kanari-x": "Kanari"}
    return rows


def _unknown_enum(fault: Fault, rows: list[Object], _resource: str, _timezone: ZoneInfo) -> list[Object]:
    """Write values that no list knows."""
    text = _PROSE if fault.shape == "prose" else _UNKNOWN

    def unknown(key: str, value: Any) -> Any:  # noqa: ANN401 - JSON
        return text if key in fault.fields and isinstance(value, str) else value

    return [_everywhere(row, unknown) if _falls_in(row, fault.share) else row for row in rows]


def _decomposed(_fault: Fault, rows: list[Object], _resource: str, _timezone: ZoneInfo) -> list[Object]:
    """Write letters and their marks apart."""
    return [
        _everywhere(row, lambda _, value: unicodedata.normalize("NFD", value) if isinstance(value, str) else value)
        for row in rows
    ]


def _civic_spelling(fault: Fault, rows: list[Object], _resource: str, _timezone: ZoneInfo) -> list[Object]:
    """Spell civic numbers in one way, or in several."""
    spell: dict[str, Callable[[str], str]] = {
        "plain": lambda number: number,
        "dashed": lambda number: f"{number[:8]}-{number[8:]}",
        "short": lambda number: f"{number[2:8]}-{number[8:]}",
        "plus": lambda number: f"{number[2:8]}+{number[8:]}",
    }
    mixed = ("plain", "dashed", "short")
    for place, row in enumerate(rows):
        if isinstance(civic := row.get("civicNo"), dict):
            plain = civic["value"].replace("-", "")
            whole = plain if len(plain) == len("YYYYMMDDNNNN") else row["birthDate"][:2] + plain
            civic["value"] = spell[mixed[place % len(mixed)] if fault.shape == "mixed" else fault.shape](whole)
    return rows


def _is_protected(row: Object) -> bool:
    """Tell whether an object is marked."""
    return row.get("securityMarking") not in (None, "Ingen")


def _protected_omitted(_fault: Fault, rows: list[Object], _resource: str, _timezone: ZoneInfo) -> list[Object]:
    """Leave protected pupils out."""
    return [row for row in rows if not _is_protected(row)]


def _protected_nameless(_fault: Fault, rows: list[Object], _resource: str, _timezone: ZoneInfo) -> list[Object]:
    """Leave the names of protected pupils out."""
    names = ("givenName", "familyName")
    return [{k: v for k, v in row.items() if k not in names} if _is_protected(row) else row for row in rows]


def _version_2_0(_fault: Fault, rows: list[Object], resource: str, _timezone: ZoneInfo) -> list[Object]:
    """Write what 2.0 demands and no more."""
    for row in rows:
        if resource in _WITHOUT_META:
            row.pop("meta", None)
        if resource == "attendances":
            row.setdefault("attendanceMinutes", 0)
    return rows


def _duplicate_rows(fault: Fault, rows: list[Object], _resource: str, _timezone: ZoneInfo) -> list[Object]:
    """Send some rows twice."""
    return rows + rows[: fault.rows]


def _short_pull(fault: Fault, rows: list[Object], _resource: str, _timezone: ZoneInfo) -> list[Object]:
    """Lose the last rows."""
    return rows[: -fault.rows]


_WRITE: dict[str, Callable[[Fault, list[Object], str, ZoneInfo], list[Object]]] = {
    "wrong_header": _wrong_header,
    "naive_times": _naive_times,
    "microseconds": _microseconds,
    "no_meta": _no_meta,
    "stripped": _stripped,
    "extra_fields": _extra_fields,
    "unknown_enum": _unknown_enum,
    "decomposed": _decomposed,
    "civic_spelling": _civic_spelling,
    "protected_omitted": _protected_omitted,
    "protected_nameless": _protected_nameless,
    "version_2_0": _version_2_0,
    "duplicate_rows": _duplicate_rows,
    "short_pull": _short_pull,
}


def handled() -> Iterable[str]:
    """Give the kinds of fault that rows can be sent through."""
    return _WRITE
