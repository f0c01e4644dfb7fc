"""A letter's attachment: the records and school units of every fault in it, as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from narvaro.alerts.fault import MAX_UNITS_SHOWN, on_one_line, unit_name
from narvaro.alerts.words import texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from narvaro.alerts.reporting import ReportedIssue
    from narvaro.county import Language

MAX_ROWS = 5_000
COLUMNS = ("rule", "source", "school_unit_code", "school_unit_name", "entity", "iso_weeks", "record_id")
# What a spreadsheet would take for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A CSV file; `rows` of the `total` that there are stand in it."""

    name: str
    text: str
    rows: int
    total: int


def attachment_of(issues: Sequence[ReportedIssue], night: date, language: Language) -> Attachment | None:
    """Give the attachment of a letter, None when the letter itself says everything.

    Semicolons and a byte order mark let a Swedish spreadsheet open it as it is.
    """
    rows = [row for issue in issues for row in _rows(issue)]
    units = sum(bool(issue.school_unit_code) for issue in issues)
    if not any(row["record_id"] for row in rows) and units <= MAX_UNITS_SHOWN:
        return None
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, delimiter=";", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _as_text(value) for name, value in row.items()} for row in rows[:MAX_ROWS])
    # More records have a fault than ids of them are kept.
    untold = sum(max(0, issue.count - len(issue.record_ids)) for issue in issues if issue.record_ids)
    name = f"{texts(language)['attachment']['name']}-{night.isoformat()}.csv"
    return Attachment(name, "\ufeff" + file.getvalue(), min(len(rows), MAX_ROWS), len(rows) + untold)


def _rows(issue: ReportedIssue) -> Iterator[dict[str, str]]:
    """Give a row per record, one for a school unit without records, none else."""
    row = {
        "rule": issue.rule,
        "source": issue.source,
        "school_unit_code": issue.school_unit_code or "",
        "school_unit_name": unit_name(issue),
        "entity": ", ".join(issue.details.get("entities", ())),
        "iso_weeks": ", ".join(issue.details.get("periods", ())),
    }
    for record_id in issue.record_ids:
        yield row | {"record_id": record_id}
    if issue.school_unit_code and not issue.record_ids:
        yield row | {"record_id": ""}


def _as_text(value: str) -> str:
    """Keep a value from being taken for a formula, or for two lines."""
    line = on_one_line(value)
    return f"'{line}" if value.startswith(_FORMULA_STARTS) else line
