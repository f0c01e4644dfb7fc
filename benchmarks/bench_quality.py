"""What it costs to hold a county's night against the suites, beside one hand-written pass of SQL.

Each side runs in a process of its own: `suites` is what the night does (`check_load` for every load, the library
imported once), `sql` puts the same demands as one DuckDB query per entity over all sources and answers with counts
only. Prints one JSON object as its last line; ends with 1 above the limits or when the sides differ.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from narvaro.settings import PROJECT_DIR
from narvaro.sources.contract import ENTITIES

SOURCES = 28
LIMIT_CPU_SECONDS, LIMIT_MB = 40.0, 1_000
# Rows of one source's night: registers of some days, what is read whole, what has changed.
ROWS = {
    "school_units": 40,
    "pupils": 2_000,
    "enrolments": 2_500,
    "group_memberships": 12_000,
    "activities": 4_000,
    "lessons": 6_000,
    "attendances": 78_600,
    "aggregated_attendances": 40_000,
    "absence_notices": 1_200,
    "grades": 500,
    "deletions": 60,
}
# One row in so many is wrong, so that there is something to name.
ONE_IN = 5_000
TIMEZONE = "Europe/Stockholm"
_SOUND: dict[str, Any] = {
    "school_unit_code": "12345678",
    "municipality_code": "0180",
    "sex": "Kvinna",
    "activity_type": "Undervisning",
    "grade_value": "C",
    "semester": "HT",
    "calendar_year": 2026,
    "school_type": "GR",
    "subject_code": "GRGRMAT01",
    "school_date": date(2026, 9, 18),
    "start_date": date(2026, 8, 17),
    "started_at": datetime(2026, 9, 18, 6, 0, tzinfo=UTC),
    "ended_at": datetime(2026, 9, 18, 7, 0, tzinfo=UTC),
}
_BY_TYPE: dict[pa.DataType, Any] = {pa.int32(): 5, pa.bool_(): False}
# Which column is spoilt, and how.
_SPOILT: dict[str, tuple[str, Any]] = {
    "attendances": ("invalid_absence_minutes", 4_000),
    "lessons": ("lesson_minutes", 0),
    "group_memberships": ("group_id", None),
    "aggregated_attendances": ("reported_minutes", -1),
}

# The suites' demands by hand: of each entity, one condition per rule that tells a row that fails it.
_MINUTES = ("attended_minutes", "valid_absence_minutes", "invalid_absence_minutes", "other_attendance_minutes")
DEMANDS: dict[str, tuple[str, ...]] = {
    "school_units": (
        *("organisation_id is null", "school_unit_code is null"),
        "not regexp_matches(school_unit_code, '^[0-9]{8}$')",
        "municipality_code is null",
        "not regexp_matches(municipality_code, '^[0-9]{4}$')",
        "end_date < start_date",
    ),
    "pupils": (
        *("person_id is null", "pupil_id is null", "is_protected is null"),
        "sex not in ('Kvinna', 'Man', 'Okänt')",
    ),
    "enrolments": (
        *("person_id is null", "organisation_id is null", "school_type is null"),
        "grade not between 0 and 10",
        "start_date is null",
        "end_date < start_date",
        "is_cancelled is null",
    ),
    "group_memberships": ("group_id is null", "end_date < start_date"),
    "activities": (
        "activity_id is null",
        "organisation_id is null",
        "activity_type not in ('Undervisning', 'Elevaktivitet', 'Provaktivitet', 'Läraraktivitet', 'Övrigt')",
        "end_date < start_date",
    ),
    "lessons": (
        "lesson_id is null",
        "activity_id is null",
        "school_date is null",
        "started_at is null or ended_at is null",
        "ended_at <= started_at",
        "lesson_minutes not between 1 and 600",
        "hour(started_at) not between 5 and 21",
        "school_date <> cast(started_at as date)",
        "is_cancelled is null",
    ),
    "attendances": (
        "attendance_id is null",
        "lesson_id is null",
        "person_id is null",
        "is_reported is null",
        " or ".join(f"{column} not between 0 and 600" for column in _MINUTES),
    ),
    "aggregated_attendances": ("activity_id is null", "reported_minutes not between 0 and 6000"),
    "absence_notices": ("absence_notice_id is null", "person_id is null", "ended_at < started_at"),
    "grades": (
        "grade_id is null",
        "person_id is null",
        "grade_value is null",
        "grade_value not in ('A', 'B', 'C', 'D', 'E', 'F', '-')",
        "subject_code is null and course_code is null",
        "organisation_id is null",
        "semester not in ('HT', 'VT')",
        "calendar_year not between 2000 and 2100",
    ),
    "deletions": ("entity is null", "record_id is null"),
}
UNIQUE = {
    "school_units": "organisation_id",
    "pupils": "person_id",
    "activities": "activity_id",
    "lessons": "lesson_id",
    "attendances": "attendance_id",
}


def write_night(folder: Path, share: float) -> None:
    """Write every source's load of every entity, in files of some tens of thousands of rows as landing does."""
    for entity, whole in ROWS.items():
        (folder / entity).mkdir()
        for source in range(SOURCES):
            rows = max(1, round(whole * share))
            pq.write_table(_load(entity, source, rows), folder / entity / f"{source}.parquet", compression="zstd")


def _load(entity: str, source: int, rows: int) -> pa.Table:
    """Give one load with a few spoilt rows."""
    ids = pa.array([f"{source:02d}{row:08x}-0000-4000-8000-{entity[:8]:_>12}" for row in range(rows)])
    columns: dict[str, pa.Array] = {}
    for field in ENTITIES[entity]:
        default = _SOUND.get(field.name, _BY_TYPE.get(field.type))
        if default is None and field.type == pa.string():
            columns[field.name] = ids
        else:
            columns[field.name] = pa.repeat(pa.scalar(default, field.type), rows)
    if entity in _SPOILT:
        column, value = _SPOILT[entity]
        kind = columns[column].type
        is_spoilt = pa.array(np.arange(rows) % ONE_IN == 0)
        columns[column] = pa.compute.if_else(is_spoilt, pa.scalar(value, kind), columns[column])
    columns["_source_modified_at"] = columns.pop("source_modified_at")
    columns["_source"] = pa.repeat(pa.scalar(f"source-{source}"), rows)
    columns["_load_id"] = pa.repeat(pa.scalar(f"20260919-{source}-{entity}"), rows)
    columns["_row"] = pa.array(np.arange(rows))
    return pa.table(columns)


def check_by_suites(folder: Path) -> int:
    """Hold every load against its suite as a night does; give the faults found."""
    from narvaro.quality import check_load

    found = 0
    for source in range(SOURCES):
        for entity in ROWS:
            verdict = check_load(
                PROJECT_DIR / "expectations" / "raw" / f"raw__{entity}.yml",
                load_id=f"20260919-{source}-{entity}",
                source=f"source-{source}",
                entity=entity,
                files=[folder / entity / f"{source}.parquet"],
                timezone=ZoneInfo(TIMEZONE),
            )
            found += sum(failure.count for failure in verdict.failures)
    return found


def check_by_sql(folder: Path) -> int:
    """Put the same demands by hand, one query per entity over all sources; give the faults found."""
    import duckdb

    found = 0
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(f"set timezone = '{TIMEZONE}'")
        for entity, demands in DEMANDS.items():
            rows = f"read_parquet('{folder / entity}/*.parquet')"
            wrong = " + ".join(f"count(*) filter (where {demand})" for demand in demands)
            found += connection.execute(f"select {wrong} from {rows}").fetchall()[0][0]  # noqa: S608 - our own words
            if entity in UNIQUE:
                key = UNIQUE[entity]
                times = f"select count(*) as times from {rows} where {key} is not null group by _source, {key}"  # noqa: S608
                query = f"select coalesce(sum(times), 0) from ({times}) where times > 1"  # noqa: S608
                found += int(connection.execute(query).fetchall()[0][0])
    return found


SIDES: dict[str, Callable[[Path], int]] = {"suites": check_by_suites, "sql": check_by_sql}


def measure(side: str, folder: Path) -> dict[str, float]:
    """Run one side in its own process; give what it cost and found."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    command = [sys.executable, __file__, "--side", side, "--folder", str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own program
    after, seconds = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - began
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    found, peak = map(int, done.stdout.split())
    return {"cpu_s": round(cpu, 2), "clock_s": round(seconds, 2), "peak_mb": round(peak / 1e6), "faults": found}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of a whole night's rows")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        print(SIDES[arguments.side](arguments.folder), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
        return
    with tempfile.TemporaryDirectory(prefix="narvaro-bench-") as folder:
        write_night(Path(folder), arguments.share)
        costs = {side: measure(side, Path(folder)) for side in SIDES}
    ratio = costs["suites"]["cpu_s"] / costs["sql"]["cpu_s"]
    rows = round(SOURCES * sum(ROWS.values()) * arguments.share)
    result = {"name": "quality", "rows": rows, "loads": SOURCES * len(ROWS), "ratio": round(ratio, 1), **costs}
    print(json.dumps(result | {"limit_cpu_s": LIMIT_CPU_SECONDS, "limit_mb": LIMIT_MB}))
    if costs["suites"]["faults"] != costs["sql"]["faults"]:
        sys.exit("the two sides do not find the same")
    if costs["suites"]["cpu_s"] > LIMIT_CPU_SECONDS or costs["suites"]["peak_mb"] > LIMIT_MB:
        sys.exit("above the limit")


if __name__ == "__main__":
    main()
