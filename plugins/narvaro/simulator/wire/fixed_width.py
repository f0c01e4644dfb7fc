"""JSON written column by column: rows of one width, filled with numpy, no object per row.

Numbers are padded with spaces, which JSON allows between tokens.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from narvaro.simulator.calendar import DAY_SECONDS, date_of
from narvaro.simulator.randomness import Bytes
from narvaro.simulator.tables import Bool, Int16, Int64

_NUMBER_WIDTH = 5
_LARGEST = 9999
_NUMBERS = np.array([list(f"{n:>{_NUMBER_WIDTH}}".encode()) for n in range(-_LARGEST, _LARGEST + 1)], np.uint8)
_CLOCKS = np.array(
    [list(f"T{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}".encode()) for s in range(DAY_SECONDS)], np.uint8
)
_BOOLEANS = np.array([list(b"false"), list(b"true ")], np.uint8)
_SPACE = ord(" ")


def numbers(values: Int64 | Int16) -> Bytes:
    """Write whole numbers of at most four digits."""
    return _NUMBERS[values.astype(np.int64) + _LARGEST]


def booleans(values: Bool) -> Bytes:
    """Write true and false."""
    return _BOOLEANS[values.astype(np.int64)]


def _dates(days: Int64) -> Bytes:
    """Write days since 1970 as YYYY-MM-DD."""
    unique, place = np.unique(days, return_inverse=True)
    texts = [list(date_of(int(day)).isoformat().encode()) for day in unique]
    return np.array(texts, np.uint8).reshape(-1, 10)[place]


def moments(seconds: Int64, offset_seconds: Int64 | None = None) -> Bytes:
    """Write moments as RFC 3339: with Z, or as local time with its offset."""
    local = seconds if offset_seconds is None else seconds + offset_seconds
    day = local // DAY_SECONDS
    parts = [_dates(day), _CLOCKS[local - day * DAY_SECONDS]]
    if offset_seconds is None:
        parts.append(np.broadcast_to(np.array([ord("Z")], np.uint8), (len(seconds), 1)))
    else:
        hours, place = np.unique(offset_seconds // 3600, return_inverse=True)
        parts.append(np.array([list(f"{hour:+03d}:00".encode()) for hour in hours], np.uint8).reshape(-1, 6)[place])
    return np.hstack(parts)


@dataclass(frozen=True, slots=True)
class Part:
    """Some text that is the same on every row, and what follows it; blank where `shown` is false."""

    text: bytes
    column: Bytes | None = None
    shown: Bool | None = None


def rows(parts: list[Part], count: int) -> bytes:
    """Write rows of JSON objects, parted by commas; the parts give each row from left to right."""
    width = sum(len(part.text) + (part.column.shape[1] if part.column is not None else 0) for part in parts) + 1
    table = np.empty((count, width), np.uint8)
    place = 0
    for part in parts:
        start = place
        table[:, place : place + len(part.text)] = np.frombuffer(part.text, np.uint8)
        place += len(part.text)
        if part.column is not None:
            table[:, place : place + part.column.shape[1]] = part.column
            place += part.column.shape[1]
        if part.shown is not None:
            table[~part.shown, start:place] = _SPACE
    table[:, -1] = ord(",")
    return table.tobytes()[:-1]
