"""Builders of landed rows: a test names only what matters to it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from narvaro.sources.contract import ENTITIES, PROVENANCE
from narvaro.warehouse import LandedLoad, WarehouseContent
from narvaro.warehouse.content import QUARANTINE_SCHEMA
from narvaro.warehouse.reference import SCHEMAS

if TYPE_CHECKING:
    from pathlib import Path

MONDAY = date(2026, 8, 17)
FIRST_NIGHT = date(2026, 9, 19)
SECOND_NIGHT = date(2026, 9, 22)
# Municipality code: source of its owner.
MUNICIPALITIES = {"0901": "0901-ekby", "0902": "0902-viksta"}
INDEPENDENT = "fri-linden"

_MODIFIED = "_source_modified_at"


def landed_schema(entity: str) -> pa.Schema:
    """The contract's columns as they are landed, with provenance."""
    fields = [field.with_name(_MODIFIED) if field.name == _MODIFIED[1:] else field for field in ENTITIES[entity]]
    return pa.schema([*fields, *PROVENANCE])


def at(day: date, hour: int = 8, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def school_days(count: int, first: date = MONDAY) -> list[date]:
    days = (first + timedelta(days=offset) for offset in itertools.count())
    return list(itertools.islice((day for day in days if day.weekday() < 5), count))


def a_unit(organisation_id: str, **changes: Any) -> dict[str, Any]:
    row = {"organisation_id": organisation_id, "school_unit_code": f"1000{organisation_id[-4:]:0>4}"}
    return row | {"municipality_code": "0901", "school_unit_name": "Björkskolan", "school_types": ["GR"]} | changes


def a_pupil(person_id: str, **changes: Any) -> dict[str, Any]:
    row = {"person_id": person_id, "pupil_id": f"pupil-{person_id}", "identity_type": "personnummer"}
    return row | {"sex": "Kvinna", "is_protected": False, "source_modified_at": at(MONDAY)} | changes


def an_enrolment(person_id: str, organisation_id: str, **changes: Any) -> dict[str, Any]:
    row = {"person_id": person_id, "organisation_id": organisation_id, "school_type": "GR", "grade": 7}
    return row | {"start_date": date(2026, 7, 1), "end_date": None, "is_cancelled": False} | changes


def a_membership(group_id: str, person_id: str | None, **changes: Any) -> dict[str, Any]:
    return {"group_id": group_id, "group_type": "Undervisning", "person_id": person_id, "is_protected": False} | changes


def an_activity(activity_id: str, organisation_id: str, group_ids: list[str], **changes: Any) -> dict[str, Any]:
    row = {"activity_id": activity_id, "organisation_id": organisation_id, "group_ids": group_ids}
    return row | {"activity_type": "Undervisning", "subject_code": "GRGRMAT01"} | changes


def a_lesson(lesson_id: str, activity_id: str, day: date, **changes: Any) -> dict[str, Any]:
    row = {"lesson_id": lesson_id, "activity_id": activity_id, "school_date": day, "lesson_minutes": 60}
    return row | {"started_at": at(day, 8), "ended_at": at(day, 9), "is_cancelled": False} | changes


def an_attendance(lesson_id: str, person_id: str, **changes: Any) -> dict[str, Any]:
    row = {"attendance_id": f"att-{lesson_id}-{person_id}", "lesson_id": lesson_id, "person_id": person_id}
    row |= {"is_reported": True, "is_protected": False, "source_modified_at": at(FIRST_NIGHT - timedelta(days=1))}
    return row | {"valid_absence_minutes": 0, "invalid_absence_minutes": 0} | changes


def a_grade(grade_id: str, person_id: str, **changes: Any) -> dict[str, Any]:
    row = {"grade_id": grade_id, "person_id": person_id, "subject_code": "GRGRMAT01", "grade_value": "C"}
    row |= {"registered_date": date(2026, 9, 1), "semester": "HT", "calendar_year": 2026, "is_protected": False}
    return row | changes


@dataclass
class LandedCounty:
    """A county of three sources whose landed rows a test writes by hand."""

    folder: Path
    loads: list[LandedLoad] = field(default_factory=list)
    quarantine_files: list[Path] = field(default_factory=list)
    stale: frozenset[str] = frozenset()
    waiting_marks: list[tuple[str, str]] = field(default_factory=list)

    def land(self, entity: str, rows: list[dict[str, Any]], *, source: str = "0901-ekby", night: date = FIRST_NIGHT):
        load_id = f"{night:%Y%m%d}-{source}-{entity}-{len(self.loads):06x}"
        stamped = [
            row | {"_source": source, "_load_id": load_id, "_row": number, _MODIFIED: row.get(_MODIFIED[1:])}
            for number, row in enumerate(rows)
        ]
        files: tuple[Path, ...] = ()
        if rows:
            files = (self.folder / f"{load_id}.parquet",)
            pq.write_table(pa.Table.from_pylist(stamped, schema=landed_schema(entity)), files[0])
        load = LandedLoad(load_id, source, entity, night, files)
        self.loads.append(load)
        return load

    def quarantine(self, load: LandedLoad, row: int) -> None:
        path = self.folder / f"quarantine-{load.load_id}.parquet"
        rows = [{"_source": load.source, "_load_id": load.load_id, "_row": row, "rule": "minutes", "record_id": "x"}]
        pq.write_table(pa.Table.from_pylist(rows, schema=QUARANTINE_SCHEMA), path)
        self.quarantine_files.append(path)

    def content(self, night: date = FIRST_NIGHT) -> WarehouseContent:
        return WarehouseContent(ENTITIES, self.loads, self.references(night), self.quarantine_files)

    def references(self, night: date) -> dict[str, pa.Table]:
        owners = {f"21200000{code[-2:]}": code for code in MUNICIPALITIES}
        rows = {
            "county": [{"county_code": "09", "county_name": "Provlän"}],
            "municipalities": [{"municipality_code": c, "municipality_name": f"Kommun {c}"} for c in MUNICIPALITIES],
            "owners": [
                {"owner_id": owner, "municipality_code": code, "owner_name": code, "owner_type": "kommunal"}
                for owner, code in owners.items()
            ]
            + [{"owner_id": "5560000000", "owner_name": "Linden", "owner_type": "enskild"}],
            "sources": [
                {
                    "source_name": source,
                    "owner_id": owner,
                    "is_stale": source in self.stale,
                    "last_good_night_date": night,
                }
                for (owner, code), source in zip(owners.items(), MUNICIPALITIES.values(), strict=True)
            ]
            + [{"source_name": INDEPENDENT, "owner_id": "5560000000", "is_stale": INDEPENDENT in self.stale}],
            "calendar_days": [_calendar_day(date(2026, 7, 1) + timedelta(days=offset)) for offset in range(365)],
            "night": [{"night": night, "until_at": at(night, 1)}],
            "waiting_marks": [{"source_name": source, "person_id": person} for source, person in self.waiting_marks],
        }
        return {name: pa.Table.from_pylist(rows[name], schema=schema) for name, schema in SCHEMAS.items()}


def _calendar_day(day: date) -> dict[str, Any]:
    year, week, _ = day.isocalendar()
    return {
        "school_date": day,
        "school_year": "2026/27",
        "term_code": "2026HT" if day.year == 2026 else "2027VT",
        "iso_week": f"{year}-W{week:02d}",
        "is_school_day": day.weekday() < 5,
        "week_start_date": day - timedelta(days=day.weekday()),
    }
