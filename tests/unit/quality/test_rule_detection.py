"""Every rule finds what it is for, in exactly the rows where it was planted, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
import yaml
from batches import LOAD_ID, MARTS_DIR, RAW_DIR, a_batch, landed

from narvaro.quality import check_load, check_mart, load_suite

PLANTED = 7
ROWS = 300
CATALOGUE = yaml.safe_load((RAW_DIR.parents[1] / "tests/unit/quality/detection.yml").read_text(encoding="utf-8"))

_SOUND_MART = {
    "pupils_count": 40,
    "scheduled_minutes": 20_000,
    "offered_minutes": 19_000,
    "valid_absent_minutes": 500,
    "invalid_absent_minutes": 100,
    "absent_minutes": 600,
    "coverage_pct": 95.0,
    "absence_rate_pct": 3.0,
    "classed_pupils_count": 40,
    "municipality_code": "0180",
    "owner_type": "kommunal",
    "is_stale": False,
    "is_school_day": True,
}


def planted_rules(layer):
    return [pytest.param(entry, id=f"{entry['table']}-{entry['rule']}") for entry in CATALOGUE[layer]]


def demanded(folder):
    return {expectation.id for path in folder.glob("*.yml") for expectation in load_suite(path).suite.expectations}


@pytest.mark.parametrize(("layer", "folder"), [("raw", RAW_DIR), ("marts", MARTS_DIR)])
def test_every_rule_is_tried(layer, folder):
    assert {entry["rule"] for entry in CATALOGUE[layer]} == demanded(folder)


def moment(value):
    return value if not isinstance(value, datetime) or value.tzinfo else value.replace(tzinfo=UTC)


@pytest.mark.parametrize("entry", planted_rules("raw"))
def test_what_is_planted_in_a_load_is_found_there_and_nowhere_else(tmp_path, entry):
    entity, rows = entry["table"], entry.get("rows", ROWS)
    sound = a_batch(entity, rows)
    columns = {}
    for column, value in entry.get("plant", {}).items():
        values = sound.column("_source_modified_at" if column == "source_modified_at" else column).to_pylist()
        columns[column] = [moment(value)] * PLANTED + values[PLANTED:]
    if left_out := entry.get("leave_out"):
        columns[left_out] = None
    verdict = check_load(
        RAW_DIR / f"raw__{entity}.yml",
        load_id=LOAD_ID,
        source="s",
        entity=entity,
        files=[landed(tmp_path, a_batch(entity, rows, **columns))],
        timezone=ZoneInfo("Europe/Stockholm"),
    )
    found = {failure.rule: failure.count for failure in verdict.failures}
    assert found == {entry["rule"]: PLANTED if "plant" in entry else 1}
    expected_rows = list(range(PLANTED)) if "plant" in entry else []
    assert [faulty.row for faulty in verdict.faulty_rows] == expected_rows


def a_mart(table, plant, *, planted=PLANTED):
    """Give a sound mart of a suite's columns, with something planted in its first rows."""
    suite = load_suite(MARTS_DIR / f"{table}.yml")
    columns = {}
    for column in sorted(suite.demanded_columns):
        if column in suite.suite.key and column not in _SOUND_MART:
            values = [f"{column}-{row}" for row in range(ROWS)]
        elif column.startswith("band_"):
            values = [5] * ROWS
        else:
            values = [_SOUND_MART.get(column, 0)] * ROWS
        columns[column] = [plant[column]] * planted + values[planted:] if column in plant else values
    return pd.DataFrame(columns)


@pytest.mark.parametrize("entry", planted_rules("marts"))
def test_what_is_planted_in_a_mart_is_found_there_and_nowhere_else(entry):
    mart = a_mart(entry["table"], entry.get("plant", {}))
    if left_out := entry.get("leave_out"):
        mart = mart.drop(columns=left_out)
    verdict = check_mart(MARTS_DIR / f"{entry['table']}.yml", mart)
    found = {failure.rule: failure.count for failure in verdict.failures}
    assert found == {entry["rule"]: PLANTED if "plant" in entry else 1}


@pytest.mark.parametrize("entry", CATALOGUE["passing"], ids=lambda entry: ",".join(entry["plant"]))
def test_what_lies_at_the_edge_is_not_found(entry):
    mart = a_mart(entry["table"], entry["plant"])
    assert check_mart(MARTS_DIR / f"{entry['table']}.yml", mart).failures == ()
