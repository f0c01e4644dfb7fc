"""A held night's question in words, and what an answer does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from narvaro.ledger import BrakeRecord
    from narvaro.orchestration.line import Line

_SHOWN = 5


def question_text(line: Line, source_name: str, night: date) -> str:
    """Say in Markdown what would vanish from which school unit."""
    brake = _brake(line, source_name, night)
    if brake is None or brake.status != "pending":
        return _no_question(source_name, night, brake)
    head = (
        "| School unit | Deleted | Counted in | Would vanish | Of | Told | Not found |\n|---|---|---|--:|--:|--:|--:|"
    )
    rows = [_row(unit) for unit in brake.units]
    return "\n".join([head, *rows])


def explain_brake(brake: BrakeRecord) -> str:
    """Say in one sentence what would vanish; counts and units, never values."""
    parts = [
        f"{unit['doomed']} of {unit['rows']} {unit['counted']} of {unit['school_unit_code'] or 'no unit'}"
        + (f" (with their {unit['entity']})" if unit["counted"] != unit["entity"] else "")
        for unit in brake.units[:_SHOWN]
    ]
    more = f" and {len(brake.units) - _SHOWN} units more" if len(brake.units) > _SHOWN else ""
    return f"{', '.join(parts)}{more} would vanish"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person answered; `approve` is None when they put it off."""

    approve: bool | None
    by: str
    reason: str


def carry_out_answer(line: Line, source_name: str, night: date, answer: Answer) -> str:
    """Decide a held night as answered; a question that was put off or is decided already is left alone."""
    brake = _brake(line, source_name, night)
    if brake is None or brake.status != "pending":
        return _no_question(source_name, night, brake)
    if answer.approve is None:
        return f"{source_name} {night}: stays held"
    decided = line.ledger.decide_brake(source_name, night, approve=answer.approve, by=answer.by, reason=answer.reason)
    return f"{source_name} {night}: {decided.status}"


def _row(unit: Mapping[str, Any]) -> str:
    """Write a unit's loss as a row of a table."""
    cells = [f"{unit['school_unit_name']} {unit['school_unit_code']}"]
    cells += [str(unit[name]) for name in ("entity", "counted", "doomed", "rows", "told", "inferred")]
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _brake(line: Line, source_name: str, night: date) -> BrakeRecord | None:
    found = line.ledger.brakes(line.county.source(source_name).name, night=night)
    return found[0] if found else None


def _no_question(source_name: str, night: date, brake: BrakeRecord | None) -> str:
    """Say why there is nothing to decide."""
    return f"{source_name} {night}: nothing waits for a decision ({brake.status if brake else 'never held'})"


def _cell(text: str) -> str:
    """Write a source's own words so that they stay in their cell."""
    return " ".join(text.replace("|", "/").split())
