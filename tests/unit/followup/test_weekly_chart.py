"""XmR charts: limits by hand, each signal alone, seasons taken out, phases of documented changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narvaro.followup import Week, chart, differences_from_the_rest


def weeks_of(values: list[float]) -> list[tuple[str, float]]:
    return [(f"2026-W{number:02d}", value) for number, value in enumerate(values, start=1)]


def signals_of(values: list[float], *, baseline: list[float] | None = None) -> list[tuple[str, ...]]:
    before = baseline or [0.0, 1.0] * 8
    drawn = chart(weeks_of(before + values), baseline_weeks=len(before))
    return [point.signals for point in drawn.points[len(before) :]]


def test_limits_are_the_mean_and_2_66_moving_ranges():
    limits = chart(weeks_of([0.0, 1.0] * 8), baseline_weeks=16).phases[0].limits
    assert (limits.mean, limits.lower, limits.upper) == pytest.approx((0.5, 0.5 - 2.66, 0.5 + 2.66))
    assert limits.near(1) == pytest.approx(0.5 + 2.66 * 2 / 3)


def test_a_moving_range_beyond_its_own_limit_is_screened_out_of_the_limits():
    values = [0.0, 1.0] * 7 + [20.0]
    limits = chart(weeks_of(values), baseline_weeks=15).phases[0].limits
    # Ranges: thirteen of 1 and one of 19; their mean 32/14, times 3.267 is 7.5: the 19 goes.
    assert limits.upper - limits.mean == pytest.approx(2.66)


def test_fewer_than_twelve_weeks_give_points_without_limits_or_signals():
    drawn = chart(weeks_of([0.0] * 10 + [50.0]))
    assert drawn.phases[0].limits is None
    assert {point.signals for point in drawn.points} == {()}


def test_a_point_beyond_the_limit_is_outside_and_one_on_it_is_not():
    assert signals_of([3.2]) == [("outside_high",)]
    assert "outside_high" not in signals_of([0.5 + 2.66])[0]
    assert signals_of([-2.2]) == [("outside_low",)]


@pytest.mark.parametrize(("length", "is_shift"), [(6, False), (7, True), (9, True)])
def test_seven_on_one_side_are_a_shift(length: int, *, is_shift: bool):
    found = signals_of([0.5, *[0.6, 0.7] * length][: length + 1])
    assert all(("shift_high" in signals) == is_shift for signals in found[1:])


def test_a_value_on_the_mean_breaks_a_shift():
    assert not any(
        "shift_high" in signals for signals in signals_of([0.6] * 5 + [0.5] + [0.6] * 5, baseline=[0.0, 1.0] * 8)
    )


@pytest.mark.parametrize(("length", "is_trend"), [(6, False), (7, True)])
def test_seven_points_that_fall_are_a_trend(length: int, *, is_trend: bool):
    falling = [1.4 - 0.3 * step for step in range(length)]
    found = signals_of([0.5, 1.0, 0.4, *falling])
    assert [("trend_low" in signals) for signals in found[-length:]] == [is_trend] * length
    assert not any("trend_low" in signals for signals in found[:-length])


def test_two_of_three_near_the_same_limit():
    near = 0.5 + 2.66 * 2 / 3 + 0.1
    assert ["near_high" in signals for signals in signals_of([near, 0.4, near])] == [True, False, True]
    assert not any("near_high" in signals for signals in signals_of([near, 0.4, 0.4, near]))
    assert not any("near_high" in signals for signals in signals_of([near, 0.4, 1.0 - near]))


def test_a_documented_change_begins_limits_of_its_own():
    values = weeks_of([0.0, 1.0] * 8 + [5.0, 6.0] * 8)
    held = chart(values)
    rebased = chart(values, rebases={"2026-W17": "new timetable"})
    assert "outside_high" in held.points[-1].signals
    assert rebased.points[-1].signals == ()
    assert [(phase.first_week, phase.reason) for phase in rebased.phases] == [
        ("2026-W01", ""),
        ("2026-W17", "new timetable"),
    ]


def test_limits_do_not_move_with_later_weeks():
    values = [0.0, 1.0] * 8
    assert chart(weeks_of(values)).phases[0].limits == chart(weeks_of([*values, 9.0, -9.0])).phases[0].limits


def test_a_season_that_the_county_shares_is_no_signal():
    rng = np.random.default_rng(7)
    season = 500 + 300 * np.sin(np.arange(30) / 5)
    unit = [Week(f"2026-W{n + 1:02d}", int(s + rng.integers(0, 60)), 10_000) for n, s in enumerate(season)]
    county = [
        Week(week.iso_week, week.absent_minutes + int(90 * s), 910_000) for week, s in zip(unit, season, strict=True)
    ]
    drawn = chart(differences_from_the_rest(unit, county))
    assert not any("outside" in signal for point in drawn.points for signal in point.signals)


def test_the_rest_of_the_county_is_without_the_unit():
    unit, county = [Week("2026-W38", 20, 100)], [Week("2026-W38", 30, 300)]
    assert differences_from_the_rest(unit, county) == [("2026-W38", pytest.approx(20.0 - 5.0))]


def test_weeks_that_cannot_be_compared_are_left_out():
    unit = [Week("2026-W01", 1, 10), Week("2026-W02", 0, 0), Week("2026-W03", 1, 10), Week("2026-W04", 1, 10)]
    county = [Week("2026-W01", 1, 10), Week("2026-W02", 5, 50), Week("2026-W03", 5, 50)]
    assert differences_from_the_rest(unit, county, masked={"2026-W03"}) == []


@given(st.lists(st.floats(-50, 50), max_size=60), st.floats(-20, 20))
def test_moving_every_value_by_the_same_changes_no_signal(values: list[float], shift: float):
    rounded = [float(round(value)) for value in values]
    moved = [value + round(shift) for value in rounded]
    assert [p.signals for p in chart(weeks_of(rounded)).points] == [p.signals for p in chart(weeks_of(moved)).points]


@given(st.lists(st.integers(-50, 50), max_size=60))
def test_a_mirrored_chart_has_mirrored_signals(values: list[int]):
    def mirrored(signals: tuple[str, ...]) -> set[str]:
        return {s.replace("_high", "_LOW").replace("_low", "_high").replace("_LOW", "_low") for s in signals}

    plain = chart(weeks_of([float(value) for value in values])).points
    turned = chart(weeks_of([float(-value) for value in values])).points
    assert [set(point.signals) for point in plain] == [mirrored(point.signals) for point in turned]
