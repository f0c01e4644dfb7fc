"""A warehouse with the marts of an invented county: six municipalities, some of them small, one silent."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path

import duckdb
import pyarrow as pa

from narvaro.county import County, load_county
from narvaro.disclosure import publishable_columns

PROJECT_DIR = Path(__file__).resolve().parents[3]
NIGHT = dt.date(2026, 9, 19)

# As long as a pseudonym, and as easy to find in bytes as a canary is to hear.
CANARY = "cafe0123456789abcdef0123456789ab"
MUNICIPALITIES = {
    "9901": ("Storby", 900),
    "9902": ("Ånäs", 300),
    "9903": ("Mellanköping", 120),
    "9904": ("Lillå", 12),
    "9905": ("Ödegård", 3),
    "9906": ("Tystinge", 0),
}
BANDS = ("00", "00_05", "05_10", "10_15", "15_20", "20_30", "30_50", "50_100")
SHARES = (8, 30, 28, 15, 8, 6, 3, 2)
WEEKS = [(f"2026-W{week}", dt.date.fromisocalendar(2026, week, 1)) for week in range(34, 39)]


def minutes(pupils: int, *, rate: float = 0.08, coverage: float = 0.9, weeks: int = 5) -> dict:
    """The minute columns of a cell; coverage counts lessons that every pupil had."""
    scheduled = (pupils or 4) * 1200 * weeks
    offered = int(scheduled * coverage) if pupils else 0
    invalid = int(offered * rate * 0.25)
    absent = int(offered * rate)
    return {
        "pupils_count": pupils,
        "scheduled_minutes": scheduled,
        "offered_minutes": offered,
        "valid_absent_minutes": absent - invalid,
        "invalid_absent_minutes": invalid,
        "absent_minutes": absent,
        "coverage_pct": 100.0 * offered / scheduled,
        "absence_rate_pct": 100.0 * absent / offered if offered else None,
    }


def bands(classed: int) -> dict:
    """Classed pupils spread over the bands; the first band takes what rounding leaves."""
    counts = [classed * share // 100 for share in SHARES]
    counts[0] += classed - sum(counts)
    row = {"classed_pupils_count": classed} | {f"band_{name}_count": n for name, n in zip(BANDS, counts, strict=True)}
    for limit, first in ((10, 3), (15, 4), (20, 5), (50, 7)):
        row[f"persistent_{limit}_count"] = sum(counts[first:])
    return row


def term_row(key: dict, pupils: int, *, classed: int | None = None, is_stale: bool = False, **changes) -> dict:
    term = {"school_year": "2026/27", "term_code": "2026HT"}
    known = pupils if classed is None else classed
    return key | term | minutes(pupils, **changes) | bands(known) | {"is_stale": is_stale}


def week_row(key: dict, week: tuple[str, dt.date], pupils: int, **changes) -> dict:
    when = {"school_year": "2026/27", "iso_week": week[0], "week_start_date": week[1]}
    figures = minutes(pupils, weeks=1, **changes)
    lessons = {"lessons_scheduled_count": (pupils or 4) * 2, "lessons_reported_count": pupils * 2 * 9 // 10}
    return key | when | figures | lessons | {"is_stale": pupils == 0}


def county_cells(total: int) -> list[dict]:
    """The county by form, grade and sex; upper secondary is away most."""
    cells = [("all", "all", "all", 1.0), ("GR", "all", "all", 0.7), ("GY", "all", "all", 0.3)]
    cells += [("GR", str(grade), "all", 0.07) for grade in range(1, 10)]
    cells += [("GY", str(grade), "all", 0.1) for grade in range(1, 4)]
    cells += [("all", "all", "Kvinna", 0.49), ("all", "all", "Man", 0.51)]
    rows = []
    for form, grade, sex, share in cells:
        key = {"county_code": "99", "school_form": form, "grade": grade, "sex": sex}
        rate = 0.06 + (0.004 * int(grade) if grade.isdigit() else 0.02) + (0.03 if form == "GY" else 0)
        rows.append(term_row(key, int(total * share), rate=rate))
    return rows


def municipality_cells() -> list[dict]:
    """Each municipality in all and for its municipal schools; Lillå has few classed pupils."""
    everyone = {"school_form": "all", "grade": "all", "sex": "all"}
    rows = []
    for number, (code, (name, pupils)) in enumerate(MUNICIPALITIES.items()):
        for owner_type in ("all", "kommunal"):
            key = {"municipality_code": code, "municipality_name": name, "owner_type": owner_type} | everyone
            classed = 2 if name == "Lillå" else None
            is_stale = pupils in {0, 120}
            rows.append(term_row(key, pupils, classed=classed, rate=0.06 + 0.012 * number, is_stale=is_stale))
    return rows


def marts() -> dict[str, list[dict]]:
    """Every published mart as rows, by the published table's name."""
    total = sum(pupils for _, pupils in MUNICIPALITIES.values())
    unit_weeks, units, sources, by_week = [], [], [], []
    for number, (code, (name, pupils)) in enumerate(MUNICIPALITIES.items()):
        place = {"municipality_code": code, "municipality_name": name}
        owner = {"owner_id": f"21200000{number:02}", "owner_name": f"{name} kommun", "owner_type": "kommunal"}
        unit = {"school_unit_code": f"9900000{number}"}
        units.append(unit | {"school_unit_name": f"{name} skola"} | owner | place)
        unit_weeks += [week_row(unit | {"municipality_code": code}, week, pupils) for week in WEEKS]
        by_week += [week_row(place, week, pupils) for week in WEEKS]
        night = None if pupils == 0 else NIGHT - dt.timedelta(days=3 if pupils == 120 else 0)
        sources.append(
            {"source_name": f"{code}-{number}", "last_good_night_date": night, "municipality_code": code}
            | owner
            | {"is_stale": night != NIGHT}
        )
    county_weeks = [
        week_row({"county_code": "99"}, week, total, rate=0.06 + 0.01 * n, coverage=0.97 - 0.03 * n)
        for n, week in enumerate(WEEKS)
    ]
    return {
        "county_absence_by_term": county_cells(total),
        "county_absence_by_week": county_weeks,
        "municipality_absence_by_term": municipality_cells(),
        "municipality_absence_by_week": by_week,
        "school_unit_absence_by_week": unit_weeks,
        "school_units": units,
        "municipalities": [
            {"municipality_code": code, "municipality_name": name} for code, (name, _) in MUNICIPALITIES.items()
        ],
        "source_status": sources,
    }


def a_county(config_dir: Path, *, has_map: bool = False) -> County:
    """The invented county: the shipped publication list, its own name and, when asked, a map of squares."""
    config_dir.mkdir(parents=True, exist_ok=True)
    if has_map:
        (config_dir / "municipalities.geojson").write_text(json.dumps(squares()), encoding="utf-8")
    shipped = load_county(PROJECT_DIR / "config")
    names = {"sv": "Exempellän", "en": "Example County"}
    return dataclasses.replace(shipped, config_dir=config_dir, code="99", names=names)


def build_warehouse(path: Path, county: County, *, rows: dict[str, list[dict]] | None = None) -> Path:
    """Write the marts, and beside them pupils that must never leave."""
    rows = marts() if rows is None else rows
    types = {name: column.type for name, column in publishable_columns().items()}
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        for table in (each for each in county.publication.tables if not each.is_of_ledger):
            columns = ", ".join(f"{name} {types[name]}" for name in table.columns)
            connection.execute(f"create table marts.{table.mart} ({columns}, pupil_id varchar)")
            if rows.get(table.name):
                frame = pa.Table.from_pylist([row | {"pupil_id": CANARY} for row in rows[table.name]])  # noqa: F841
                connection.execute(f"insert into marts.{table.mart} by name select * from frame")
        connection.execute(f"create table marts.dim_pupil as select '{CANARY}' as pupil_id from range(5000)")
    return path


def squares() -> dict:
    """A map of the six municipalities as squares in two rows."""
    features = []
    for number, code in enumerate(MUNICIPALITIES):
        x, y = 17.0 + 0.4 * (number % 3), 59.0 + 0.2 * (number // 3)
        ring = [[x, y], [x + 0.4, y], [x + 0.4, y + 0.2], [x, y + 0.2], [x, y]]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": {"kommun_kod": code}, "geometry": geometry})
    return {"type": "FeatureCollection", "features": features}
