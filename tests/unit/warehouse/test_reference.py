from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest

from narvaro.county import load_county
from narvaro.settings import PROJECT_DIR
from narvaro.warehouse import reference_tables

NIGHT = date(2026, 9, 19)


@pytest.fixture(scope="module")
def county():
    return load_county(PROJECT_DIR / "config" / "blekinge")


@pytest.fixture(scope="module")
def tables(county):
    source = next(iter(county.sources))
    state = SimpleNamespace(source=source, last_good_night=NIGHT, is_stale=False)
    return {name: table.to_pylist() for name, table in reference_tables(county, NIGHT, [state]).items()}


def test_the_county_and_its_municipalities_come_from_configuration(county, tables):
    assert tables["county"] == [{"county_code": county.code, "county_name": county.name()}]
    assert {row["municipality_code"] for row in tables["municipalities"]} == set(county.municipalities)


def test_a_source_without_a_state_has_never_delivered(county, tables):
    first, *others = tables["sources"]
    assert (first["is_stale"], first["last_good_night_date"]) == (False, NIGHT)
    assert {(row["is_stale"], row["last_good_night_date"]) for row in others} == {(True, None)}
    assert len(tables["sources"]) == len(county.sources)


def test_the_calendar_has_each_day_once_and_the_municipalities_own_days(county, tables):
    days = [row["school_date"] for row in tables["calendar_days"] if row["municipality_code"] is None]
    assert len(days) == len(set(days)) == 365 * len(county.calendar.school_years)
    own = [row for row in tables["calendar_days"] if row["municipality_code"] is not None]
    assert own, "the second county has study days of single municipalities"
    assert not any(row["is_school_day"] for row in own)


def test_a_day_knows_its_week_and_term(tables):
    (day,) = [
        row
        for row in tables["calendar_days"]
        if row["school_date"] == date(2027, 1, 1) and row["municipality_code"] is None
    ]
    assert (day["iso_week"], day["term_code"], day["school_year"]) == ("2026-W53", "2027VT", "2026/27")
    assert day["week_start_date"] == date(2026, 12, 28)


def test_the_night_has_its_bound(county, tables):
    assert tables["night"] == [{"night": NIGHT, "until_at": county.night_bound_at(NIGHT)}]
