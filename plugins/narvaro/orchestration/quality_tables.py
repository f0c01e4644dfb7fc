"""The published tables about quality, from the ledger: verdicts, open issues and rules by source, for BI.

They tell of sources, never of school units, and of rows, never of what stands in them.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from narvaro.domain.school_year import iso_week_from_date
from narvaro.errors import PublishError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from narvaro.county import PublishedTable
    from narvaro.disclosure import ProtectedTable
    from narvaro.ledger import VerdictRecord
    from narvaro.orchestration.line import Line

    Rows = list[dict[str, Any]]

_TYPES = {"VARCHAR": pa.string(), "BIGINT": pa.int64(), "DOUBLE": pa.float64(), "DATE": pa.date32()}
_GRAVITY = ("passed", "quarantined", "refused")
# A row of these is a pupil: how many of them are wrong is nobody's affair outside the school.
_OF_PUPILS = {"pupils", "enrolments", "deletions"}


def with_quality_tables(line: Line, night: date, tables: Sequence[ProtectedTable]) -> list[ProtectedTable]:
    """Give the tables that may leave, and those that publication.yml asks of the ledger as of a night.

    Raises:
        PublishError: publication.yml asks for a table or a column that the ledger does not have.
    """
    asked = [table for table in line.county.publication.tables if table.is_of_ledger]
    return [*tables, *(_from_ledger(line, night, table) for table in asked)]


def _from_ledger(line: Line, night: date, table: PublishedTable) -> ProtectedTable:
    from narvaro.disclosure import ProtectedTable, columns_named

    columns = columns_named(table.name, (*table.columns, *table.ledger_columns))
    make = _TABLES.get(table.mart)
    rows = make(line, night) if make else []
    known = {name for row in rows[:1] for name in row}
    if make is None or (rows and not {column.name for column in columns} <= known):
        message = (
            f"{table.name}: the ledger does not have {table.mart} with these columns. "
            f"It has {', '.join(_TABLES)}; see docs/publication.md."
        )
        raise PublishError(message)
    rows.sort(key=lambda row: tuple(str(row[name]) for name in table.key))
    data = pa.table(
        {column.name: pa.array([row[column.name] for row in rows], _TYPES[column.type]) for column in columns}
    )
    meanings = (f"{table.title_sv}. {table.description_sv}", f"{table.title_en}. {table.description_en}")
    return ProtectedTable(table.name, *meanings, columns, data)


def _verdicts(line: Line, night: date) -> Rows:
    """Give each source's nights: the gravest verdict on any of its loads, and how many rows it held back."""
    nights: dict[tuple[str, date], list[VerdictRecord]] = defaultdict(list)
    for verdict in _newest_verdicts(line, night):
        if verdict.night is not None:
            nights[verdict.source, verdict.night].append(verdict)
    return [
        {
            "source_name": source,
            "night_date": of_night,
            "verdict_type": max((each.status for each in members), key=_GRAVITY.index),
            "checked_rows_count": sum(each.rows for each in members),
            "quarantined_rows_count": sum(each.quarantined_rows for each in members),
            "failed_rules_count": len({failure.rule for each in members for failure in each.failures}),
        }
        for (source, of_night), members in nights.items()
    ]


def _rules(line: Line, night: date) -> Rows:
    """Give how often each rule was not met in a source's ISO weeks, and by how many rows."""
    weeks: dict[tuple[str, str, str], Rows] = defaultdict(list)
    for verdict in _newest_verdicts(line, night):
        of_night = verdict.night
        if of_night is None:
            continue
        week = iso_week_from_date(of_night)
        for failure in verdict.failures:
            told = {"night": of_night, "count": failure.count, "entity": verdict.entity}
            about = {"severity": failure.severity, "owner_role": failure.owner}
            weeks[verdict.source, week, failure.rule].append(told | about)
    return [
        {
            "source_name": source,
            "iso_week": week,
            "rule_name": rule,
            "severity": members[-1]["severity"],
            "owner_role": members[-1]["owner_role"],
            "nights_count": len({each["night"] for each in members}),
            "failed_rows_count": _rows_told(members),
        }
        for (source, week, rule), members in weeks.items()
    ]


def _rows_told(members: Rows) -> int | None:
    return None if {each["entity"] for each in members} & _OF_PUPILS else sum(each["count"] for each in members)


def _open_issues(line: Line, night: date) -> Rows:
    """Give the issues that are open after a night, by source and rule; how many school units, never which."""
    found: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for issue in line.ledger.open_issues():
        if issue.opened_night <= night:
            found[issue.source, issue.rule].append(issue)
    return [
        {
            "source_name": source,
            "rule_name": rule,
            "severity": members[0].severity,
            "owner_role": members[0].owner,
            "open_issues_count": len(members),
            "school_units_count": len({each.school_unit_code for each in members} - {None}),
            "oldest_issue_night_date": min(each.opened_night for each in members),
        }
        for (source, rule), members in found.items()
    ]


def _newest_verdicts(line: Line, night: date) -> Iterable[VerdictRecord]:
    """Give the last verdict on each entity of each source's nights: a night that is judged again replaces its first."""
    sources = {source.name for source in line.county.enabled_sources}
    newest: dict[tuple[str, date | None, str], VerdictRecord] = {}
    for verdict in line.ledger.verdicts():
        if verdict.source in sources and verdict.night is not None and verdict.night <= night:
            newest[verdict.source, verdict.night, verdict.suite] = verdict
    return newest.values()


_TABLES: dict[str, Callable[[Line, date], Rows]] = {
    "ledger_verdicts": _verdicts,
    "ledger_open_issues": _open_issues,
    "ledger_rule_counts": _rules,
}
