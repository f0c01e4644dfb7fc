"""Random numbers and record ids that depend on the seed and the subject only."""

from __future__ import annotations

import zlib
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

_HEX = np.array([list(f"{value:02x}".encode()) for value in range(256)], dtype=np.uint8)
# Where the 32 hexadecimal digits stand in the 36 characters of a uuid.
_DIGIT_PLACES = np.array([i for i in range(36) if i not in (8, 13, 18, 23)])
_DASH = ord("-")
UUID_WIDTH = 36
_ALL_BITS = 2**64 - 1


def generator(seed: int, subject: str) -> np.random.Generator:
    """Give the random numbers of one subject, the same whatever else is drawn."""
    return np.random.default_rng([seed, zlib.crc32(subject.encode())])


def _mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Scatter 64-bit numbers (the finaliser of splitmix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


@cache
def _start(seed: int, kind: str) -> int:
    """Give the number that the ids of a kind count from."""
    return (seed * 0x9E3779B97F4A7C15 + zlib.crc32(kind.encode()) * 0x2545F4914F6CDD1D) & _ALL_BITS


def uuid_bytes(seed: int, kind: str, numbers: npt.ArrayLike) -> Bytes:
    """Give the uuids of numbered records of a kind, as rows of 36 ASCII bytes."""
    index = np.atleast_1d(np.asarray(numbers)).astype(np.uint64)
    start = np.array([_start(seed, kind)], np.uint64)
    high = _mixed(start + index * np.uint64(2))
    low = _mixed(start + index * np.uint64(2) + np.uint64(1))
    raw = np.empty((len(index), 16), np.uint8)
    raw[:, :8] = high.astype(">u8").view(np.uint8).reshape(-1, 8)
    raw[:, 8:] = low.astype(">u8").view(np.uint8).reshape(-1, 8)
    raw[:, 6] = (raw[:, 6] & 0x0F) | 0x40
    raw[:, 8] = (raw[:, 8] & 0x3F) | 0x80
    text = np.full((len(index), UUID_WIDTH), _DASH, np.uint8)
    text[:, _DIGIT_PLACES] = _HEX[raw].reshape(len(index), 32)
    return text


def uuids(seed: int, kind: str, numbers: npt.ArrayLike) -> list[str]:
    """Give the uuids of numbered records of a kind, as text."""
    text = uuid_bytes(seed, kind, numbers).tobytes().decode("ascii")
    return [text[start : start + UUID_WIDTH] for start in range(0, len(text), UUID_WIDTH)]


def _mixed_number(value: int) -> int:
    """Scatter one 64-bit number as `_mixed` does."""
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & _ALL_BITS
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & _ALL_BITS
    return value ^ (value >> 31)


@lru_cache(maxsize=200_000)
def uuid(seed: int, kind: str, number: int) -> str:
    """Give the uuid of one numbered record of a kind."""
    start = _start(seed, kind) + 2 * number
    high = _mixed_number(start & _ALL_BITS) & ~0xF000 | 0x4000
    low = _mixed_number(start + 1 & _ALL_BITS) & ~(0xC0 << 56) | 0x80 << 56
    text = f"{high:016x}{low:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
