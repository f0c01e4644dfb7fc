"""publication.yml, the closed list of columns that may leave, and the marts may not drift apart."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from narvaro.county import load_county
from narvaro.disclosure.columns import columns_named

PROJECT_DIR = Path(__file__).resolve().parents[2]
COUNTIES = {path.name: load_county(path) for path in (PROJECT_DIR / "config", PROJECT_DIR / "config" / "blekinge")}
TABLES = {f"{name}-{table.name}": table for name, county in COUNTIES.items() for table in county.publication.tables}
OF_MARTS = {name: table for name, table in TABLES.items() if not table.is_of_ledger}


@pytest.fixture(scope="module")
def contracts() -> dict[str, set[str]]:
    """The columns of every mart, as its contract promises them."""
    columns = {}
    for path in (PROJECT_DIR / "dbt" / "models" / "marts").rglob("*.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            columns[model["name"]] = {column["name"] for column in model["columns"]}
    return columns


@pytest.mark.parametrize("table", OF_MARTS.values(), ids=OF_MARTS)
def test_every_published_column_is_one_of_its_mart(contracts, table):
    assert sorted(set(table.columns) - contracts[table.mart]) == []


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_published_column_may_leave(table):
    assert [column.name for column in columns_named(table.name, table.columns)] == list(table.columns)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_figure_is_hidden_below_a_threshold(table):
    figures = [name for name in table.columns if name.endswith(("_count", "_minutes", "_pct", "_days"))]
    hidden = {table.pupils_column, table.classed_column, *table.measures, *table.band_measures}
    assert [name for name in figures if name not in hidden] == []


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_no_published_column_is_about_one_person_or_one_row_of_a_source(table):
    assert {"pupil_id", "person_id", "attendance_id", "lesson_id", "is_protected"}.isdisjoint(table.columns)
    assert not [name for name in table.columns if name.startswith("_")]
