"""The same figures by plain loops over the landed rows: slow, and written without looking at the SQL."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from itertools import product
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
from landed_rows import INDEPENDENT, MUNICIPALITIES, at

if TYPE_CHECKING:
    from landed_rows import LandedCounty

BANDS = ["band_00", "band_00_05", "band_05_10", "band_10_15", "band_15_20", "band_20_30", "band_30_50", "band_50_100"]
EDGES = [5, 10, 15, 20, 30, 50]
COUNTED = ("Undervisning", "Elevaktivitet")
MINUTES = ["scheduled_minutes", "offered_minutes", "valid_absent_minutes", "invalid_absent_minutes", "absent_minutes"]


class Reckoning:
    """Every figure of a landed county as of a night."""

    def __init__(self, county: LandedCounty, night: date) -> None:
        self.until = at(night, 1)
        self.landed: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.newest: dict[tuple[str, str], str] = {}
        for load in county.loads:
            key = (load.source, load.entity)
            self.newest[key] = max(self.newest.get(key, ""), load.load_id)
            for path in load.files:
                self.landed[load.entity] += pq.read_table(path).to_pylist()
        self.pupil_lessons = list(self._expected())

    # --- current rows

    def _current(self, entity: str, record_id: str) -> dict[tuple[str, str], dict[str, Any]]:
        versions = defaultdict(list)
        for row in self.landed[entity]:
            versions[row["_source"], row[record_id]].append(row)
        current = {}
        for key, rows in versions.items():
            carried = max(row["_load_id"][:8] for row in rows)
            gone = [
                row
                for row in self.landed["deletions"]
                if (row["_source"], row["record_id"], row["entity"]) == (*key, entity) and row["_load_id"][:8] > carried
            ]
            if not gone:
                current[key] = max(rows, key=lambda r: (r["_source_modified_at"], r["_load_id"], r["_row"]))
        return current

    def _sets(self, entity: str, set_id: str) -> dict[tuple[str, str], list[dict[str, Any]]]:
        found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        newest: dict[tuple[str, str], str] = {}
        for row in self.landed[entity]:
            key = (row["_source"], row[set_id])
            newest[key] = max(newest.get(key, ""), row["_load_id"])
        for row in self.landed[entity]:
            if row["_load_id"] == newest[row["_source"], row[set_id]]:
                found[row["_source"], row[set_id]].append(row)
        return found

    def _snapshot(self, entity: str, record_id: str) -> dict[tuple[str, str], dict[str, Any]]:
        return {
            (row["_source"], row[record_id]): row
            for row in self.landed[entity]
            if row["_load_id"] == self.newest[row["_source"], entity]
        }

    # --- expected pupil-lessons

    def _expected(self):
        lessons, activities = self._current("lessons", "lesson_id"), self._snapshot("activities", "activity_id")
        groups, enrolments = self._sets("group_memberships", "group_id"), self._sets("enrolments", "person_id")
        self.units = self._snapshot("school_units", "organisation_id")
        self.people = self._current("pupils", "person_id")
        registers = defaultdict(list)
        for row in self._current("attendances", "attendance_id").values():
            registers[row["_source"], row["lesson_id"]].append(row)
        self.pupils = self._pupils(self.people, registers)
        for (source, lesson_id), lesson in lessons.items():
            activity = activities.get((source, lesson["activity_id"]))
            if lesson["is_cancelled"] or activity is None or activity["activity_type"] not in COUNTED:
                continue
            if lesson["ended_at"] > self.until:
                continue
            day = lesson["school_date"]
            register = registers[source, lesson_id]
            members = {row["person_id"] for row in register}
            for group_id in activity["group_ids"]:
                members |= {r["person_id"] for r in groups[source, group_id] if r["person_id"] and _covers(r, day)}
            for person_id in members:
                fitting = [
                    row
                    for row in enrolments[source, person_id]
                    if row["organisation_id"] == activity["organisation_id"]
                    and not row["is_cancelled"]
                    and _covers(row, day)
                ]
                if fitting:
                    used = max(fitting, key=lambda row: row["start_date"])
                    unit = self.units[source, activity["organisation_id"]]
                    own = [row for row in register if row["person_id"] == person_id]
                    yield self._pupil_lesson(lesson, used | {"unit": unit}, own)

    def _pupil_lesson(self, lesson, used, own):
        entry = max(own, key=lambda r: (r["_source_modified_at"], r["attendance_id"])) if own else None
        minutes = lesson["lesson_minutes"]
        if minutes is None:
            minutes = int((lesson["ended_at"] - lesson["started_at"]).total_seconds()) // 60
        reported = entry is not None and entry["is_reported"]
        valid = (entry["valid_absence_minutes"] or 0) if reported else 0
        invalid = (entry["invalid_absence_minutes"] or 0) if reported else 0
        source, unit = lesson["_source"], used["unit"]
        pupil_id = self.people[source, used["person_id"]]["pupil_id"]
        return {
            "source": source,
            "lesson_id": (source, lesson["lesson_id"]),
            "pupil_id": pupil_id,
            "municipality_code": unit["municipality_code"],
            "school_unit_code": unit["school_unit_code"],
            "owner_type": "enskild" if source == INDEPENDENT else "kommunal",
            "school_form": used["school_type"],
            "grade": "unknown" if used["grade"] is None else str(used["grade"]),
            "sex": self.pupils[pupil_id]["sex"],
            "is_protected": self.pupils[pupil_id]["is_protected"],
            "is_reported": reported,
            "school_date": lesson["school_date"],
            "iso_week": "{}-W{:02d}".format(*lesson["school_date"].isocalendar()[:2]),
            "scheduled_minutes": minutes,
            "offered_minutes": minutes if reported else 0,
            "valid_absent_minutes": valid,
            "invalid_absent_minutes": invalid,
            "absent_minutes": valid + invalid,
        }

    def _pupils(self, people, registers):
        marked = {(s, row["person_id"]) for (s, _), rows in registers.items() for row in rows if row["is_protected"]}
        pupils: dict[str, dict[str, Any]] = {}
        for key, row in sorted(people.items(), key=lambda item: item[1]["_source_modified_at"]):
            sex = row["sex"] if row["sex"] in {"Kvinna", "Man"} else "Okänt"
            before = pupils.get(row["pupil_id"], {}).get("is_protected", False)
            protected = before or row["is_protected"] or key in marked
            pupils[row["pupil_id"]] = {"sex": sex, "is_protected": protected}
        return pupils

    # --- figures

    def weeks(self, *key: str, openly: bool = False) -> dict[tuple[str, ...], dict[str, int]]:
        cells = defaultdict(list)
        for row in self.pupil_lessons:
            if not (openly and row["is_protected"]):
                cells[(*(row[name] for name in key), row["iso_week"])].append(row)
        return {cell: _week(rows) for cell, rows in cells.items()}

    def terms(self, *key: str, cuts: list[set[str]], openly: bool = False) -> dict[tuple[str, ...], dict[str, int]]:
        dimensions = ["owner_type", "school_form", "grade", "sex"]
        cells = defaultdict(list)
        rows = [row for row in self.pupil_lessons if not (openly and row["is_protected"])]
        for row, cut in product(rows, cuts):
            cell = tuple(row[name] if name in cut else "all" for name in dimensions)
            cells[(*(row[name] for name in key), *cell)].append(row)
        return {cell: _term(rows) for cell, rows in cells.items()}


def _covers(row, day: date) -> bool:
    return (row["start_date"] or date.min) <= day <= (row["end_date"] or date.max)


def _minutes(rows) -> dict[str, int]:
    return {name: sum(row[name] for row in rows) for name in MINUTES}


def _week(rows) -> dict[str, int]:
    return _minutes(rows) | {
        "pupils_count": len({row["pupil_id"] for row in rows if row["offered_minutes"] > 0}),
        "lessons_scheduled_count": len({row["lesson_id"] for row in rows}),
        "lessons_reported_count": len({row["lesson_id"] for row in rows if row["is_reported"]}),
    }


def _term(rows) -> dict[str, int]:
    pupils = defaultdict(list)
    for row in rows:
        pupils[row["pupil_id"]].append(row)
    figures = dict.fromkeys(
        ["pupils_count", "classed_pupils_count", *(f"{band}_count" for band in BANDS)]
        + [f"persistent_{edge}_count" for edge in (10, 15, 20, 50)],
        0,
    )
    for own in pupils.values():
        total = _minutes(own)
        absent, offered = total["absent_minutes"], total["offered_minutes"]
        figures["pupils_count"] += offered > 0
        days = {row["school_date"] for row in own if row["offered_minutes"] > 0}
        if len(days) < 20 or 2 * offered < total["scheduled_minutes"]:
            continue
        figures["classed_pupils_count"] += 1
        passed = sum(100 * absent >= edge * offered for edge in EDGES)
        figures[f"{BANDS[0] if absent == 0 else BANDS[passed + 1]}_count"] += 1
        for edge in (10, 15, 20, 50):
            figures[f"persistent_{edge}_count"] += 100 * absent >= edge * offered
    return figures | _minutes(rows)


SOURCES = [*MUNICIPALITIES.values(), INDEPENDENT]
