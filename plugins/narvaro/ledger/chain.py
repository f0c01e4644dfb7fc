"""The chain that makes the access log speak up when somebody has changed it."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FIRST_HASH = "0" * 64
_FIELDS = ("actor", "purpose", "grain", "statement", "rows")


def chain_hash(previous: str, place: int, row: Mapping[Any, Any]) -> str:
    """Give the hash of a row at its place in the log, resting on the row before it."""
    accessed_at = row["accessed_at"]
    # SQLite gives times back without their zone, and all of ours are UTC.
    moment = (accessed_at if accessed_at.tzinfo else accessed_at.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    content = [previous, place, moment, *(row[name] for name in _FIELDS)]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def broken_place(rows: Iterable[Mapping[Any, Any]]) -> tuple[int, str, int | None]:
    """Walk the log in order: give its length, its last hash, and the first place where it does not hold."""
    found, place, broken = FIRST_HASH, 0, None
    for row in rows:
        place += 1
        found = chain_hash(found, place, row)
        if broken is None and row["chain_hash"] != found:
            broken = place
    return place, found, broken
