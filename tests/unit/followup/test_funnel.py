"""Funnel plots: exact limits against the binomial itself, fixed mix, over-dispersion, what chance cannot place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from narvaro.followup import FunnelUnit, funnel
from narvaro.followup.funnel import exact_limit

NINTH, SEVENTH = ("9",), ("7",)


def unit(code: str, cases: int, pupils: int, stratum: tuple[str, ...] = NINTH) -> FunnelUnit:
    return FunnelUnit(code, {stratum: pupils}, {stratum: cases})


def placed(units: list[FunnelUnit]) -> dict[str, str]:
    return {point.code: point.place for point in funnel(units).points}


@given(st.integers(5, 2000), st.floats(0.02, 0.98), st.sampled_from([0.001, 0.025, 0.975, 0.999]))
def test_an_exact_limit_lies_at_the_pupil_where_the_tail_is_reached(pupils: int, share: float, tail: float):
    limit = exact_limit(pupils, share, tail) * pupils
    reached = binom.ppf(tail, pupils, share)
    assert reached - 1 <= limit <= reached
    assert binom.cdf(reached, pupils, share) >= tail > binom.cdf(reached - 1, pupils, share) - 1e-12


def test_limits_of_many_pupils_are_those_of_the_normal_curve():
    limits = funnel([unit("a", 20_000, 100_000), unit("b", 20_000, 100_000)]).points[0].limits
    reach = np.sqrt(0.2 * 0.8 / 100_000)
    assert limits["95"] == pytest.approx((0.2 - 1.96 * reach, 0.2 + 1.96 * reach), abs=1e-5)
    assert limits["998"] == pytest.approx((0.2 - 3.09 * reach, 0.2 + 3.09 * reach), abs=1e-5)


def test_units_are_placed_by_the_outermost_limit_they_pass():
    many = [unit(f"u{number}", 200, 1000) for number in range(9)]
    places = placed([*many, unit("high", 245, 1000), unit("low", 152, 1000), unit("a_bit", 229, 1000)])
    assert (places["high"], places["low"], places["a_bit"]) == ("above_998", "below_998", "above_95")
    assert {places[f"u{number}"] for number in range(9)} == {"inside"}


def test_a_unit_is_held_to_its_own_grades():
    """Half of the ninth grade and a tenth of the seventh: a school of ninth grades is as expected."""
    mixed = [FunnelUnit(f"m{n}", {NINTH: 100, SEVENTH: 100}, {NINTH: 50, SEVENTH: 10}) for n in range(10)]
    ninth_only = unit("ninth", 100, 200)
    drawn = funnel([*mixed, ninth_only])
    point = drawn.points[-1]
    assert point.expected == pytest.approx(100)
    assert point.place == "inside"
    assert point.share == pytest.approx(drawn.target)


def test_ordinary_variation_between_schools_widens_the_funnel():
    rng = np.random.default_rng(3)
    shares = np.clip(rng.normal(0.2, 0.06, 200), 0.02, 0.6)
    units = [unit(str(n), int(rng.binomial(400, share)), 400) for n, share in enumerate(shares)]
    drawn = funnel(units)
    outside = [point for point in drawn.points if point.place.endswith("998")]
    naive = sum(abs(each.cases[NINTH] / 400 - 0.2) > 3.09 * np.sqrt(0.16 / 400) for each in units)
    assert drawn.overdispersion > 3
    assert naive > 40
    assert len(outside) < naive / 5


def test_chance_alone_leaves_the_share_that_it_must_outside():
    rng = np.random.default_rng(5)
    units = [unit(str(n), int(rng.binomial(300, 0.2)), 300) for n in range(1000)]
    outside = np.mean([point.place != "inside" for point in funnel(units).points])
    assert 0.03 < outside < 0.06


def test_units_and_counties_without_expectation_are_not_placed():
    assert placed([unit("empty", 0, 0), unit("a", 5, 50)])["empty"] == "no_expectation"
    assert placed([unit("none", 0, 40), unit("b", 0, 40)]) == {"none": "no_expectation", "b": "no_expectation"}
    assert placed([unit("all", 40, 40), unit("b", 40, 40)]) == {"all": "no_expectation", "b": "no_expectation"}
    assert funnel([]).points == ()
    assert placed([unit("empty", 0, 0)]) == {"empty": "no_expectation"}


def test_few_units_are_not_widened():
    assert funnel([unit("a", 1, 100), unit("b", 60, 100)]).overdispersion == 1.0
