"""The one door through which people read the restricted warehouse: it logs before it answers."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from narvaro.errors import NarvaroError, PrivacyError
from narvaro.ledger import AccessRecord
from narvaro.privacy import masked

if TYPE_CHECKING:
    from narvaro.orchestration.line import Line

_PSEUDONYM = re.compile(r"[0-9a-f]{32}")
_log = logging.getLogger(__name__)
_NO_PURPOSES = {"", "unstated", "none", "-", "?", "."}


def read_restricted(line: Line, query: str, *, purpose: str, actor: str) -> list[dict[str, Any]]:
    """Run one query over the restricted marts; who read which grain, when and why is logged before it is given.

    Raises:
        PrivacyError: no purpose is stated.
        BuildError: there is no warehouse, or the query is wrong; that it was asked is logged all the same.
    """
    from narvaro.warehouse import grain_of, read_rows

    if purpose.strip().casefold() in _NO_PURPOSES:
        message = "A reading of restricted data needs a purpose, for the access log. Say it with --purpose."
        raise PrivacyError(message)
    warehouse = line.settings.warehouse_path
    # Until the engine has understood the question, it may be about anything.
    who = AccessRecord(datetime.now(UTC), actor, masked(purpose.strip()), masked(query), 0, "pupil")
    try:
        who = replace(who, grain=grain_of(warehouse, query))
        rows = _without_protected(line, read_rows(warehouse, query))
    except NarvaroError:
        # A question that failed is logged too: its error may have told something.
        line.ledger.record_access(who)
        raise
    line.ledger.record_access(replace(who, rows=len(rows)))
    return rows


def _without_protected(line: Line, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out the rows that name a pupil with protected identity, and say how many they were."""
    from narvaro.warehouse import protected_ids

    hidden = protected_ids(line.settings.warehouse_path)
    # Wherever in a value they stand: in a list of pupils, or in a text put together of several.
    shown = [row for row in rows if hidden.isdisjoint(_PSEUDONYM.findall(str(list(row.values()))))]
    if len(shown) < len(rows):
        _log.warning("%d rows name pupils with protected identity and are not shown", len(rows) - len(shown))
    return shown
