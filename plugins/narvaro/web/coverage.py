"""Coverage by school unit and week, from the published tables: they are protected already."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_WEEKS = 12
# Swedish puts these last, in this order.
_SWEDISH = str.maketrans("åäö", "{|}")
_BY_UNIT = """
with newest as (
    select distinct iso_week from school_unit_absence_by_week order by iso_week desc limit ?
)
select
    units.school_unit_code, units.school_unit_name, weeks.iso_week,
    weeks.coverage_pct, weeks.scheduled_minutes, weeks.offered_minutes, weeks.value_type
from school_units as units
inner join school_unit_absence_by_week as weeks using (school_unit_code)
inner join newest using (iso_week)
where units.owner_id = ?
order by units.school_unit_code, weeks.iso_week
"""
_BY_SOURCE = "select source_name, coverage_pct from source_status"


@dataclass(frozen=True, slots=True)
class WeekCoverage:
    """One week's coverage; None where too few pupils stand behind it, or nothing was reported."""

    iso_week: str
    coverage_pct: float | None


@dataclass(frozen=True, slots=True)
class UnitCoverage:
    """A school unit's coverage, oldest week first."""

    school_unit_code: str
    school_unit_name: str
    weeks: tuple[WeekCoverage, ...]

    def in_week(self, iso_week: str) -> float | None:
        """Give a week's coverage, None where it is not shown or the unit had no lessons."""
        return next((week.coverage_pct for week in self.weeks if week.iso_week == iso_week), None)


@dataclass(frozen=True, slots=True)
class OwnerCoverage:
    """An owner's units, and the weeks of all of them together that are shown."""

    units: tuple[UnitCoverage, ...] = ()
    weeks: tuple[WeekCoverage, ...] = ()


def owner_coverage(published_dir: Path, owner_id: str) -> OwnerCoverage:
    """Give the coverage of an owner's school units; nothing before the first release.

    The weeks together are those of the units that are shown: a sum with a hidden unit in it would tell of that one.
    """
    rows = _published(published_dir, _BY_UNIT, [_WEEKS, owner_id])
    return OwnerCoverage(_units(rows), _together(rows))


def source_coverage(published_dir: Path) -> dict[str, float | None]:
    """Give the coverage of every source, as published."""
    return dict(_published(published_dir, _BY_SOURCE, []))


def _published(published_dir: Path, query: str, parameters: Sequence[object]) -> list[Any]:
    """Read the published store; nothing before the first release, or where the county publishes less."""
    # One look at the link: all rows come from one release.
    store = (published_dir / "current").resolve() / "narvaro.duckdb"
    if not store.is_file():
        return []
    config: dict[str, str | bool | int | float | list[str]] = {"enable_external_access": "false", "threads": "1"}
    try:
        with duckdb.connect(str(store), read_only=True, config=config) as published:
            return published.execute(query, parameters).fetchall()
    except duckdb.Error:
        # A release may be withdrawn while it is read, too.
        return []


def _units(rows: Sequence[tuple[str, ...]]) -> tuple[UnitCoverage, ...]:
    by_unit: dict[tuple[str, str], list[WeekCoverage]] = defaultdict(list)
    for code, name, week, coverage, *_ in rows:
        by_unit[code, name].append(WeekCoverage(week, float(coverage) if coverage is not None else None))
    units = (UnitCoverage(code, name, tuple(weeks)) for (code, name), weeks in by_unit.items())
    return tuple(sorted(units, key=lambda unit: unit.school_unit_name.casefold().translate(_SWEDISH)))


def _together(rows: Sequence[tuple[str, ...]]) -> tuple[WeekCoverage, ...]:
    """Add up what is shown, week by week."""
    sums: dict[str, list[int]] = {}
    for _, _, week, _, scheduled, offered, value_type in rows:
        total = sums.setdefault(week, [0, 0])
        if value_type == "EXISTS":
            total[0] += int(scheduled)
            total[1] += int(offered)
    return tuple(
        WeekCoverage(week, 100 * offered / scheduled if scheduled else None)
        for week, (scheduled, offered) in sorted(sums.items())
    )
