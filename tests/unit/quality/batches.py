"""Landed files of any entity, sound by default; a test changes the column that it is about."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from narvaro.sources.contract import ENTITIES, PROVENANCE

PROJECT_DIR = Path(__file__).resolve().parents[3]
RAW_DIR = PROJECT_DIR / "expectations" / "raw"
MARTS_DIR = PROJECT_DIR / "expectations" / "marts"
LOAD_ID = "20260919-0180-stockholm-lessons-abc123"

_SOUND = {
    "school_unit_code": "12345678",
    "municipality_code": "0180",
    "sex": "Kvinna",
    "activity_type": "Undervisning",
    "grade_value": "C",
    "semester": "HT",
    "calendar_year": 2026,
    "school_date": date(2026, 9, 18),
    "start_date": date(2026, 8, 17),
    "started_at": datetime(2026, 9, 18, 6, 0, tzinfo=UTC),
    "ended_at": datetime(2026, 9, 18, 7, 0, tzinfo=UTC),
}
_BY_TYPE = {pa.int32(): 5, pa.bool_(): False}


def landed_name(column):
    """Give a contract column's name on disk: the source's time of change is provenance there."""
    return "_source_modified_at" if column == "source_modified_at" else column


def a_batch(entity, rows=3, /, *, load_id=LOAD_ID, first_row=0, **columns):
    """Give `rows` sound rows with provenance; a column given as None is left out."""
    arrays = {}
    for field in ENTITIES[entity]:
        if field.name in columns and columns[field.name] is None:
            continue
        default = _SOUND.get(field.name, _BY_TYPE.get(field.type))
        values = [default] * rows
        if default is None and field.type == pa.string():
            values = [f"{field.name}-{row}" for row in range(rows)]
        arrays[landed_name(field.name)] = pa.array(columns.get(field.name, values), field.type)
    stamps = {"_source": ["s"] * rows, "_load_id": [load_id] * rows, "_row": list(range(first_row, first_row + rows))}
    for field in PROVENANCE:
        arrays[field.name] = pa.array(stamps[field.name], field.type)
    return pa.table(arrays)


def landed(folder, table, name="part-0000.parquet"):
    """Write a batch as a landed file."""
    path = Path(folder) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return path
