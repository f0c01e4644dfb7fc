"""The simulated absence stands near published Swedish and Danish figures (docs/simulator.md)."""

from __future__ import annotations

import numpy as np
import pytest

from narvaro.simulator import SimulatorConfig, build_world
from narvaro.simulator.side_records import GRADE_VALUES


@pytest.fixture(scope="module")
def world(stockholm):
    return build_world(stockholm, SimulatorConfig(scale=25))


@pytest.fixture(scope="module")
def cells(world):
    table = world.truth(world.night_bound(1)).county_absence_by_term
    return table.set_index(["school_form", "grade", "sex"])


def share(cells, cell, pct):
    row = cells.loc[cell]
    return row[f"persistent_{pct}_count"] / row.classed_pupils_count


def rate(cells, cell, measure="absent_minutes"):
    row = cells.loc[cell]
    return row[measure] / row.offered_minutes


EVERYBODY = ("all", "all", "all")


def test_mean_absence_is_seven_to_nine_percent(cells):
    assert 0.065 <= rate(cells, EVERYBODY) <= 0.09


def test_about_a_quarter_are_away_a_tenth_of_the_time(cells):
    assert 0.20 <= share(cells, EVERYBODY, 10) <= 0.30


def test_about_one_in_seven_is_away_fifteen_percent(cells):
    assert 0.115 <= share(cells, EVERYBODY, 15) <= 0.18


def test_fifteen_percent_rises_through_lower_secondary_grades(cells):
    shares = [share(cells, ("GR", grade, "all"), 15) for grade in "789"]
    for found, published in zip(shares, (0.16, 0.18, 0.21), strict=True):
        assert found == pytest.approx(published, abs=0.045)
    assert shares[2] > shares[0]


def test_invalid_absence_is_higher_in_upper_secondary_school(cells):
    assert rate(cells, ("GY", "all", "all"), "invalid_absent_minutes") > 1.5 * rate(
        cells, ("GR", "all", "all"), "invalid_absent_minutes"
    )


def test_boys_have_more_invalid_absence_and_girls_more_in_all(cells):
    invalid = {sex: rate(cells, ("all", "all", sex), "invalid_absent_minutes") for sex in ("Man", "Kvinna")}
    assert 1.02 < invalid["Man"] / invalid["Kvinna"] < 1.6
    assert rate(cells, ("all", "all", "Kvinna")) > rate(cells, ("all", "all", "Man"))


def test_pupils_who_are_away_have_lower_grades(world):
    rows, grades = world.registers, world.grades
    length = np.bincount(rows.person, world.lessons.minutes()[rows.lesson], len(world.persons.source))
    away = np.bincount(rows.person, rows.valid.astype(float) + rows.invalid, len(world.persons.source))
    known = np.isin(grades.value, [GRADE_VALUES.index(value) for value in "ABCDEF"]) & (length[grades.person] > 0)
    absence = away[grades.person[known]] / length[grades.person[known]]
    assert -0.6 < np.corrcoef(absence, -grades.value[known].astype(float))[0, 1] < -0.15
