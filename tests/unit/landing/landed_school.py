"""A small school as landed rows, night by night; a test names only what it is about."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from narvaro.sources.contract import ENTITIES, PROVENANCE

MONDAY = date(2026, 9, 14)
SUNDAY = date(2026, 9, 20)
YEAR = (date(2026, 8, 1), date(2027, 7, 31))
UNITS = {"unit-a": "11111111", "unit-b": "22222222"}


class LandedSchool:
    """Writes the loads of one source."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[date, dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))

    def land(self, night: date, entity: str, rows: list[dict]) -> None:
        """Land rows of an entity; what a row does not name is null."""
        load_id = f"{night:%Y%m%d}-s-{entity}-abc123"
        columns: dict[str, pa.Array] = {}
        for field in ENTITIES[entity]:
            name = "_source_modified_at" if field.name == "source_modified_at" else field.name
            columns[name] = pa.array([row.get(field.name) for row in rows], field.type)
        stamps = {"_source": ["s"] * len(rows), "_load_id": [load_id] * len(rows), "_row": list(range(len(rows)))}
        columns |= {field.name: pa.array(stamps[field.name], field.type) for field in PROVENANCE}
        path = self.folder / entity / load_id / f"part-{len(self.files[night][entity]):04d}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns), path)
        self.files[night][entity].append(path)

    def before(self, night: date) -> dict[str, list[Path]]:
        """Give the files of all earlier nights."""
        files: dict[str, list[Path]] = defaultdict(list)
        for other in sorted(self.files):
            for entity, paths in self.files[other].items() if other < night else ():
                files[entity] += paths
        return files


def a_night(school: LandedSchool, night: date, units: int = 2) -> None:
    """Land what is read whole every night: units and their activities."""
    codes = list(UNITS.items())[:units]
    school.land(night, "school_units", [{"organisation_id": u, "school_unit_code": c} for u, c in codes])
    school.land(night, "activities", [{"activity_id": f"teaching-{u}", "organisation_id": u} for u, _ in codes])


def lessons(unit: str, count: int, day: date = MONDAY, **changes: object) -> list[dict]:
    """Give lessons of a unit."""
    return [
        {"lesson_id": f"{unit}-{day}-{n}", "activity_id": f"teaching-{unit}", "school_date": day} | changes
        for n in range(count)
    ]


def registers(of: list[dict], **changes: object) -> list[dict]:
    """Give one register row of forty minutes per lesson."""
    return [
        {
            "attendance_id": f"r-{lesson['lesson_id']}",
            "lesson_id": lesson["lesson_id"],
            "person_id": "p",
            "is_reported": True,
            "attended_minutes": 40,
        }
        | changes
        for lesson in of
    ]


def deletions(entity: str, ids: list[str], origin: str = "told") -> list[dict]:
    """Give deletions of an entity."""
    return [{"entity": entity, "record_id": record_id, "origin": origin} for record_id in ids]


def changed_at(hour: int) -> datetime:
    """Give a time of change, after the first of two nights."""
    return datetime(2026, 9, 20, hour, tzinfo=UTC)
