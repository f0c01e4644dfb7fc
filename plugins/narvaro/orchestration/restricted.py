"""The one door through which people read the restricted warehouse: it logs before it answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from narvaro.errors import NarvaroError, PrivacyError
from narvaro.ledger import AccessRecord
from narvaro.privacy import masked

if TYPE_CHECKING:
    from narvaro.orchestration.line import Line

_NO_PURPOSES = {"", "unstated", "none", "-", "?", "."}


def read_restricted(line: Line, query: str, *, purpose: str, actor: str) -> list[dict[str, Any]]:
    """Run one query over the restricted marts; who read which grain, when and why is logged before it is given.

    Pupils with protected identity have no rows there. Whether there are any, and how many, is not told: asked unit
    by unit, the number would say where they are.

    Raises:
        PrivacyError: no purpose is stated.
        BuildError: there is no warehouse, or the query is wrong; that it was asked is logged all the same.
    """
    from narvaro.warehouse import grain_of, read_rows

    warehouse = line.settings.warehouse_path
    # Until the engine has understood the question, it may be about anything.
    who = AccessRecord(datetime.now(UTC), actor, masked(required_purpose(purpose)), masked(query), 0, "pupil")
    try:
        who = replace(who, grain=grain_of(warehouse, query))
        rows = read_rows(warehouse, query)
    except NarvaroError:
        # A question that failed is logged too: its error may have told something.
        line.ledger.record_access(who)
        raise
    line.ledger.record_access(replace(who, rows=len(rows)))
    return rows


def required_purpose(purpose: str) -> str:
    """Give a purpose that says something.

    Raises:
        PrivacyError: it says nothing.
    """
    if purpose.strip().casefold() in _NO_PURPOSES:
        message = "A reading of restricted data needs a purpose, for the access log. Say it with --purpose."
        raise PrivacyError(message)
    return purpose.strip()
