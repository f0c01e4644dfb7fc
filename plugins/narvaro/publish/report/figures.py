"""The figures of the report page, taken from the protected tables and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date

    import pyarrow as pa

Row = Mapping[str, Any]

BANDS = ("00", "00_05", "05_10", "10_15", "15_20", "20_30", "30_50", "50_100")
_ALL = "all"
# å, ä, ö come last in a Swedish list, in this order.
_AFTER_Z = str.maketrans("åäö", "{|}")


class Sign(StrEnum):
    """What stands where a value cannot, as in official statistics."""

    HIDDEN = ".."
    MISSING = "."


@dataclass(frozen=True, slots=True)
class Measure:
    """One value as a reader meets it: a number, or the sign that stands for it."""

    value: float | None
    sign: Sign | None = None


@dataclass(frozen=True, slots=True)
class Area:
    """The figures of one row: the county, a municipality, a week, a school form or a grade."""

    code: str
    name: str
    absence: Measure
    valid: Measure
    invalid: Measure
    persistent: Measure
    coverage: Measure
    pupils: Measure
    classed: Measure
    bands: tuple[Measure, ...] = ()
    is_stale: bool = False


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source's last good night."""

    name: str
    owner: str
    last_good_night: date | None
    is_stale: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that the page shows."""

    term_code: str | None
    school_year: str | None
    county: Area | None
    weeks: tuple[Area, ...]
    municipalities: tuple[Area, ...]
    cells: tuple[Area, ...]
    sources: tuple[SourceState, ...]

    @property
    def stale_sources(self) -> tuple[SourceState, ...]:
        """The sources that brought nothing last night."""
        return tuple(source for source in self.sources if source.is_stale)


def figures_from_tables(tables: Mapping[str, pa.Table]) -> Figures:
    """Take the newest term and its weeks out of the published tables."""
    county_rows = _rows(tables, "county_absence_by_term")
    # By school year first: as text, the autumn of a year would come before its spring.
    year, term = max(((row["school_year"], row["term_code"]) for row in county_rows), default=(None, None))
    in_term = [row for row in county_rows if row["term_code"] == term and row["sex"] == _ALL]
    municipal = [
        row
        for row in _rows(tables, "municipality_absence_by_term")
        if row["term_code"] == term and all(row[key] == _ALL for key in ("owner_type", "school_form", "grade", "sex"))
    ]
    return Figures(
        term_code=term,
        school_year=year,
        county=next((_area(row) for row in in_term if row["school_form"] == row["grade"] == _ALL), None),
        weeks=tuple(
            _area(row, code=row["iso_week"])
            for row in sorted(_rows(tables, "county_absence_by_week"), key=lambda row: row["iso_week"])
            if _in_term(row["week_start_date"], term)
        ),
        municipalities=tuple(_area(row, code=row["municipality_code"]) for row in _with_absent(tables, municipal)),
        cells=tuple(
            _area(row, code=row["school_form"], name=row["grade"])
            for row in sorted(in_term, key=lambda row: (row["school_form"], _grade_order(row["grade"])))
            if row["school_form"] != _ALL
        ),
        sources=tuple(
            SourceState(row["source_name"], row["owner_name"], row["last_good_night_date"], bool(row["is_stale"]))
            for row in _rows(tables, "source_status")
        ),
    )


def _with_absent(tables: Mapping[str, pa.Table], rows: list[Row]) -> list[Row]:
    """Add the municipalities of which nothing is known, in the order of a Swedish list."""
    known = {row["municipality_code"] for row in rows}
    absent = [row for row in _rows(tables, "municipalities") if row["municipality_code"] not in known]
    return sorted([*rows, *absent], key=lambda row: str(row["municipality_name"]).lower().translate(_AFTER_Z))


def _area(row: Row, *, code: str = "", name: str = "") -> Area:
    """Turn a published row into what the page shows of it."""
    reason, classed_reason = row.get("value_type"), row.get("classed_value_type")
    offered, classed = row.get("offered_minutes"), row.get("classed_pupils_count")
    return Area(
        code=code,
        name=name or row.get("municipality_name") or "",
        absence=_measure(row.get("absence_rate_pct"), reason),
        valid=_measure(_pct(row.get("valid_absent_minutes"), offered), reason),
        invalid=_measure(_pct(row.get("invalid_absent_minutes"), offered), reason),
        persistent=_measure(_pct(row.get("persistent_10_count"), classed), classed_reason),
        coverage=_measure(row.get("coverage_pct"), reason),
        pupils=_measure(row.get("pupils_count"), reason),
        classed=_measure(classed, classed_reason),
        bands=tuple(_measure(_pct(row.get(f"band_{band}_count"), classed), classed_reason) for band in BANDS),
        is_stale=bool(row.get("is_stale")),
    )


def _measure(value: float | None, reason: str | None) -> Measure:
    """Give a value, or the sign of why there is none."""
    if value is not None:
        return Measure(value)
    return Measure(None, Sign.HIDDEN if str(reason).startswith("OMITTED") else Sign.MISSING)


def _pct(part: float | None, whole: float | None) -> float | None:
    """Give a part of a whole in per cent; nothing of nothing is nothing."""
    return None if part is None or not whole else 100.0 * part / whole


def _rows(tables: Mapping[str, pa.Table], name: str) -> list[Row]:
    """Give a table's rows; a county may choose not to publish it."""
    return tables[name].to_pylist() if name in tables else []


def _in_term(week_start: date, term: str | None) -> bool:
    """Tell whether a week begins in a term: autumn from July, spring from January."""
    return term is not None and term == f"{week_start.year}{'HT' if week_start.month >= 7 else 'VT'}"  # noqa: PLR2004


def _grade_order(grade: str) -> tuple[int, str]:
    """Sort all first, then the grades in order, then what is not a number."""
    if grade == _ALL:
        return (-1, "")
    return (int(grade), "") if grade.isdigit() else (99, grade)
