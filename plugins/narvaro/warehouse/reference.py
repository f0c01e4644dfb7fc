"""Reference tables of a county, from its configuration: what the figures are grouped by."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from narvaro.domain.school_year import (
    bounds_from_school_year,
    iso_week_from_date,
    school_year_from_date,
    term_from_date,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from narvaro.county import County

_TEXT = pa.string()

SCHEMAS: dict[str, pa.Schema] = {
    "county": pa.schema([("county_code", _TEXT), ("county_name", _TEXT)]),
    "municipalities": pa.schema([("municipality_code", _TEXT), ("municipality_name", _TEXT)]),
    "owners": pa.schema(
        [("owner_id", _TEXT), ("municipality_code", _TEXT), ("owner_name", _TEXT), ("owner_type", _TEXT)]
    ),
    "sources": pa.schema(
        [("source_name", _TEXT), ("owner_id", _TEXT), ("is_stale", pa.bool_()), ("last_good_night_date", pa.date32())]
    ),
    "calendar_days": pa.schema(
        [
            ("school_date", pa.date32()),
            ("municipality_code", _TEXT),
            ("school_year", _TEXT),
            ("term_code", _TEXT),
            ("iso_week", _TEXT),
            ("is_school_day", pa.bool_()),
            ("week_start_date", pa.date32()),
        ]
    ),
    "night": pa.schema([("night", pa.date32()), ("until_at", pa.timestamp("us", tz="UTC"))]),
    "waiting_marks": pa.schema([("source_name", _TEXT), ("person_id", _TEXT)]),
}


class SourceState(Protocol):
    """How a source stands, as the ledger tells it."""

    @property
    def source(self) -> str:
        """The source's name."""

    @property
    def last_good_night(self) -> date | None:
        """The newest night that was accepted."""

    @property
    def is_stale(self) -> bool:
        """Whether a newer night has been refused or silent."""


def reference_tables(
    county: County, night: date, states: Iterable[SourceState], waiting_marks: pa.Table | None = None
) -> dict[str, pa.Table]:
    """Give the reference tables of a county as of a night; a source without a state has never delivered.

    `waiting_marks` are the person records marked in nights that are not accepted; a mark does not wait.
    """
    rows = {
        "county": [{"county_code": county.code, "county_name": county.name()}],
        "municipalities": [
            {"municipality_code": each.code, "municipality_name": each.name} for each in county.municipalities.values()
        ],
        "owners": [
            {
                "owner_id": owner.owner_id,
                "municipality_code": owner.municipality_code,
                "owner_name": owner.name,
                "owner_type": owner.owner_type,
            }
            for owner in county.owners.values()
        ],
        "sources": list(_source_rows(county, states)),
        "calendar_days": list(_calendar_rows(county)),
        "night": [{"night": night, "until_at": county.night_bound_at(night)}],
        "waiting_marks": waiting_marks.to_pylist() if waiting_marks else [],
    }
    return {name: pa.Table.from_pylist(rows[name], schema=schema) for name, schema in SCHEMAS.items()}


def _source_rows(county: County, states: Iterable[SourceState]) -> Iterator[dict[str, Any]]:
    """Give every source that the county has, with its state."""
    by_name = {state.source: state for state in states}
    for source in county.sources.values():
        state = by_name.get(source.name)
        yield {
            "source_name": source.name,
            "owner_id": source.owner,
            "is_stale": state.is_stale if state else True,
            "last_good_night_date": state.last_good_night if state else None,
        }


def _calendar_rows(county: County) -> Iterator[dict[str, Any]]:
    """Give every day of the entered school years, then the days that a municipality has otherwise."""
    for year in county.calendar.school_years:
        first, last = bounds_from_school_year(year.school_year)
        for offset in range((last - first).days + 1):
            yield _calendar_row(county, first + timedelta(days=offset), None)
        own_days = {(each.municipality_code, each.study_date) for each in year.study_days if each.municipality_code}
        for municipality_code, day in sorted(own_days):
            yield _calendar_row(county, day, municipality_code)


def _calendar_row(county: County, day: date, municipality_code: str | None) -> dict[str, Any]:
    """Give one day as the county, or one municipality, has it."""
    return {
        "school_date": day,
        "municipality_code": municipality_code,
        "school_year": school_year_from_date(day),
        "term_code": term_from_date(day),
        "iso_week": iso_week_from_date(day),
        "is_school_day": county.calendar.is_school_day(day, municipality_code),
        "week_start_date": day - timedelta(days=day.weekday()),
    }
