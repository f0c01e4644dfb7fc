"""Before and after a measure: an injected effect is found, a selected high absence is not taken for one."""

from __future__ import annotations

import numpy as np
import pytest

from narvaro.followup import UnitWindow, assess, measured
from narvaro.followup.measured import choose_comparisons

OFFERED = 200_000


def window(code: str, before: float, after: float, *, coverage: tuple[float, float] = (0.9, 0.9)) -> UnitWindow:
    """Give a unit with these rates per cent."""
    return UnitWindow(
        code,
        before_absent=round(OFFERED * before / 100),
        before_offered=OFFERED,
        before_scheduled=round(OFFERED / coverage[0]),
        after_absent=round(OFFERED * after / 100),
        after_offered=OFFERED,
        after_scheduled=round(OFFERED / coverage[1]),
    )


def many(rng: np.random.Generator, count: int, *, effect: float = 0.0) -> list[UnitWindow]:
    """Give units with a level of their own, a common season of +1.5 points, noise and an effect."""
    levels = rng.normal(9, 2, count)
    noise = rng.normal(0, 0.6, (count, 2))
    rates = np.clip(np.column_stack([levels, levels + 1.5 + effect]) + noise, 0.5, 60)
    return [window(f"{number}", before, after) for number, (before, after) in enumerate(rates)]


def test_an_injected_effect_is_found_within_its_interval_as_often_as_the_interval_says():
    rng = np.random.default_rng(11)
    found = [assess(many(rng, 8, effect=-1.0), many(rng, 32)) for _ in range(200)]
    covered = np.mean([result.lower <= -1.0 <= result.upper for result in found])
    assert 0.91 <= covered <= 0.985
    assert np.mean([result.effect for result in found]) == pytest.approx(-1.0, abs=0.08)
    assert np.mean([result.naive_change for result in found]) == pytest.approx(0.5, abs=0.1)


def test_without_effect_the_interval_holds_zero_as_often_as_it_says():
    rng = np.random.default_rng(12)
    found = [assess(many(rng, 6), many(rng, 24)) for _ in range(200)]
    assert 0.91 <= np.mean([result.lower <= 0 <= result.upper for result in found]) <= 0.985
    assert np.mean([result.permutation_p <= 0.05 for result in found]) <= 0.09


def regressing(rng: np.random.Generator, count: int) -> dict[str, tuple[list[float], UnitWindow]]:
    """Give units whose weeks wander: a high term is followed by an ordinary one, with no measure anywhere."""
    levels = rng.normal(9, 0.8, count)
    terms = levels[:, None] + rng.normal(0, 1.6, (count, 5))
    terms = np.clip(terms, 0.5, 60)
    return {f"{n}": (list(row[:4]), window(f"{n}", row[3], row[4])) for n, row in enumerate(terms)}


def test_units_chosen_for_high_absence_show_a_gain_that_matched_comparisons_take_away():
    rng = np.random.default_rng(13)
    naive, effects, covered = [], [], []
    for _ in range(100):
        units = regressing(rng, 160)
        by_last_term = sorted(units, key=lambda code: units[code][0][-1], reverse=True)
        chosen = set(rng.choice(by_last_term[:40], 10, replace=False))
        others = {code: facts for code, (facts, _) in units.items() if code not in chosen}
        comparisons = choose_comparisons([units[code][0] for code in sorted(chosen)], others, per_unit=2)
        result = assess([units[code][1] for code in sorted(chosen)], [units[code][1] for code in comparisons])
        naive.append(result.naive_change)
        effects.append(result.effect)
        covered.append(result.lower <= 0 <= result.upper)
    assert np.mean(naive) < -1.5, "the naive comparison must show the false gain"
    assert abs(np.mean(effects)) < 0.5
    assert np.mean(covered) > 0.85


def test_one_treated_unit_is_held_to_the_spread_of_the_others():
    rng = np.random.default_rng(14)
    found = [assess(many(rng, 1), many(rng, 20)) for _ in range(300)]
    assert 0.91 <= np.mean([result.lower <= 0 <= result.upper for result in found]) <= 0.985
    assert {round(result.permutation_p * 21) for result in found} <= set(range(1, 22))


def test_the_detectable_effect_is_found_four_times_of_five(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(measured, "_LOTS", 10)
    rng = np.random.default_rng(15)
    detectable = np.mean([assess(many(rng, 8), many(rng, 32)).detectable for _ in range(200)])
    found = [assess(many(rng, 8, effect=-detectable), many(rng, 32)).upper < 0 for _ in range(1500)]
    assert 0.74 <= np.mean(found) <= 0.86


def test_a_coverage_that_moved_is_not_assessed():
    moved = [window(f"t{n}", 9, 8, coverage=(0.7, 0.9)) for n in range(3)]
    steady = [window(f"c{n}", 9, 9 + n / 10) for n in range(6)]
    result = assess(moved, steady)
    assert (result.status, result.reasons, result.effect) == ("not_assessable", ("treated_coverage_moved",), None)
    assert assess(steady[:3], moved * 2).reasons == ("comparison_coverage_moved",)


def test_too_little_to_compare_with_is_not_assessed():
    units = [window(f"c{n}", 9, 9 + n / 10) for n in range(4)]
    assert assess(units[:1], units).reasons == ("too_few_comparisons",)
    assert "no_unit_with_the_measure" in assess([], units).reasons
    empty = UnitWindow("e", 0, 0, 10, 1, 10, 10)
    assert "a_window_without_minutes" in assess([empty], [*units, *units]).reasons


def test_comparisons_are_the_nearest_and_serve_once():
    candidates = {"near": [9.0, 500.0], "nearer": [9.1, 510.0], "far": [3.0, 90.0], "farther": [20.0, 2000.0]}
    assert choose_comparisons([[9.1, 510.0], [9.1, 510.0]], candidates, per_unit=1) == ["nearer", "near"]
    assert choose_comparisons([[9.1, 510.0]], {}, per_unit=2) == []


def test_the_same_question_has_the_same_answer():
    rng = np.random.default_rng(16)
    treated, others = many(rng, 8), many(rng, 32)
    assert assess(treated, others) == assess(treated, others)
