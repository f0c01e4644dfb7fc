"""The published table of the sources, with what the ledger knows of each: for BI, what the region's page shows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from narvaro.errors import PublishError
from narvaro.orchestration.source_standing import source_standings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from narvaro.disclosure import ProtectedTable
    from narvaro.orchestration.line import Line
    from narvaro.orchestration.source_standing import SourceStanding

_UNIT_WEEKS = "school_unit_absence_by_week"
_COVERED_WEEKS = 4
_TYPES = {
    "last_attempt_night_date": pa.date32(),
    "delivery_status": pa.string(),
    "verdict_type": pa.string(),
    "quarantined_rows_count": pa.int64(),
    "coverage_pct": pa.float64(),
    "open_issues_count": pa.int64(),
    "oldest_issue_night_date": pa.date32(),
}


def with_standings(line: Line, night: date, tables: Sequence[ProtectedTable]) -> list[ProtectedTable]:
    """Give the tables that may leave, those that ask for it with what the ledger knows of their sources.

    Raises:
        PublishError: publication.yml asks for a column that the ledger cannot give.
    """
    asked = {table.name: table.ledger_columns for table in line.county.publication.tables if table.ledger_columns}
    if not asked:
        return list(tables)
    coverage = _coverage(tables, _sources_of_units(line))
    rows = {
        standing.source: _row(standing, coverage.get(standing.source))
        for standing in source_standings(line.county, line.ledger, night=night)
    }
    return [_widened(table, asked[table.name], rows) if table.name in asked else table for table in tables]


def _row(standing: SourceStanding, coverage_pct: float | None) -> dict[str, Any]:
    return {
        "last_attempt_night_date": standing.last_attempt_night,
        "delivery_status": standing.status,
        "verdict_type": standing.verdict or None,
        "quarantined_rows_count": standing.quarantined_rows,
        "coverage_pct": coverage_pct,
        "open_issues_count": standing.open_issues,
        "oldest_issue_night_date": standing.oldest_issue_night,
    }


def _widened(table: ProtectedTable, names: Sequence[str], rows: Mapping[str, Mapping[str, Any]]) -> ProtectedTable:
    """Give a table with more columns, by its source."""
    from narvaro.disclosure import columns_named

    unknown = [name for name in names if name not in _TYPES]
    if unknown or "source_name" not in table.data.column_names:
        message = (
            f"{table.name}: the ledger cannot give {', '.join(unknown) or 'anything'}. "
            f"publication.yml may ask for {', '.join(_TYPES)}, of a table with source_name."
        )
        raise PublishError(message)
    data = table.data
    for name in names:
        values = [rows.get(source, {}).get(name) for source in data["source_name"].to_pylist()]
        data = data.append_column(name, pa.array(values, type=_TYPES[name]))
    return replace(table, data=data, columns=(*table.columns, *columns_named(table.name, names)))


def _coverage(tables: Sequence[ProtectedTable], sources: Mapping[str, str]) -> dict[str, float]:
    """Give each source's coverage over the newest weeks, of the school units that are shown.

    What is hidden stays out of the sums: with it, they would tell of the unit that is hidden.
    """
    weekly = next((table.data for table in tables if table.name == _UNIT_WEEKS), None)
    needed = {"school_unit_code", "iso_week", "scheduled_minutes", "offered_minutes", "value_type"}
    if weekly is None or not needed <= set(weekly.column_names):
        return {}
    newest = set(sorted(set(weekly["iso_week"].to_pylist()))[-_COVERED_WEEKS:])
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in weekly.select(sorted(needed)).to_pylist():
        source = sources.get(row["school_unit_code"])
        if source and row["value_type"] == "EXISTS" and row["iso_week"] in newest:
            sums[source][0] += row["scheduled_minutes"]
            sums[source][1] += row["offered_minutes"]
    return {source: 100 * offered / scheduled for source, (scheduled, offered) in sums.items() if scheduled}


def _sources_of_units(line: Line) -> dict[str, str]:
    """Give the source of each school unit."""
    from narvaro.warehouse import read_only

    with read_only(line.settings.warehouse_path) as warehouse:
        found = warehouse.execute("select school_unit_code, source_name from marts.dim_school_unit")
        return dict(found.fetchall())
