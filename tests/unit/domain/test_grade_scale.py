from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from narvaro.domain.grade_scale import A_TO_F, GRADE_SCALES, grade_scale_on, points_from_grade

TODAY = date(2026, 9, 19)


@pytest.mark.parametrize(
    ("value", "points"), [("A", 20), ("B", 17.5), ("C", 15), ("D", 12.5), ("E", 10), ("F", 0), ("-", 0)]
)
def test_points_are_those_of_the_scale(value, points):
    assert points_from_grade(value, TODAY) == points


@pytest.mark.parametrize("value", ["", "MVG", "a", "3", "1"])
def test_a_value_of_another_scale_has_no_points(value):
    assert points_from_grade(value, TODAY) is None
    assert not A_TO_F.is_known(value)
    assert not A_TO_F.is_pass(value)


def test_a_to_e_pass():
    assert [value for value in A_TO_F.points if A_TO_F.is_pass(value)] == ["A", "B", "C", "D", "E"]


def test_there_is_no_scale_before_the_first():
    assert grade_scale_on(date(2011, 6, 30)) is None
    assert grade_scale_on(date(2011, 7, 1)) is A_TO_F
    assert points_from_grade("A", date(2005, 6, 10)) is None


def test_one_scale_is_in_force_at_a_time():
    for earlier, later in pairwise(sorted(GRADE_SCALES, key=lambda scale: scale.valid_from)):
        assert earlier.valid_to is not None
        assert earlier.valid_to < later.valid_from
