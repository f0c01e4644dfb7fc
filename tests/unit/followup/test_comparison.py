"""A measure from its register entry to what can be said of it, on an invented panel with a known truth."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from narvaro.errors import ConfigError
from narvaro.followup import Measure, follow_up
from narvaro.followup.panel import Panel, UnitWeek
from narvaro.followup.register import load_measures

FIRST = date(2024, 8, 19)
START = date(2026, 1, 12)
TREATED = ("10000001", "10000002", "10000003", "10000004")
REGISTER = """
measures:
  - measure_id: team
    title: Närvaroteam
    level: förebyggande
    school_units: ["10000001"]
    start_date: 2026-01-12
    frozen_date: 2025-12-01
"""


def a_measure(**changes) -> Measure:
    return Measure(
        **{
            "measure_id": "team",
            "title": "Närvaroteam",
            "level": "förebyggande",
            "school_units": TREATED,
            "start_date": START,
            "frozen_date": date(2025, 12, 1),
        }
        | changes
    )


def a_panel(effect: float, *, seed: int = 1, weeks: int = 95, coverage_after: float = 0.9) -> Panel:
    """Give 60 units whose absence follows a season, a level of their own and noise; the treated gain `effect`."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(1, 61):
        code, level, pupils = f"{10_000_000 + number}", rng.normal(9, 2), int(rng.integers(80, 600))
        for week in range(weeks):
            monday = FIRST + timedelta(weeks=week)
            is_after = code in TREATED and monday >= START
            rate = level + 2 * np.sin(week / 8) + rng.normal(0, 1.0) + (effect if is_after else 0)
            scheduled = pupils * 1200
            offered = round(scheduled * (coverage_after if is_after else 0.9))
            absent = round(offered * max(rate, 0.2) / 100)
            rows.append(UnitWeek(code, monday, absent, offered, scheduled, pupils))
    return Panel(rows)


def test_an_injected_effect_is_found_and_the_placebo_is_nothing():
    found = follow_up(a_measure(), a_panel(-1.5), {})
    assert found.assessment.lower <= -1.5 <= found.assessment.upper < 0
    assert found.placebo.lower <= 0 <= found.placebo.upper
    assert not set(found.comparisons) & set(TREATED)
    assert len(found.comparisons) == found.assessment.comparison_count == 16


def test_no_effect_is_told_as_none_as_often_as_the_interval_says():
    found = [follow_up(a_measure(), a_panel(0.0, seed=seed), {}).assessment for seed in range(20)]
    assert sum(each.lower <= 0 <= each.upper for each in found) >= 17


def test_a_comparison_that_was_frozen_is_the_one_used():
    chosen = tuple(f"{10_000_000 + number}" for number in range(20, 30))
    assert follow_up(a_measure(comparisons=chosen), a_panel(0.0), {}).comparisons == chosen


def test_units_with_another_measure_at_the_time_are_not_compared_with():
    busy = tuple(f"{10_000_000 + number}" for number in range(5, 40))
    other = a_measure(measure_id="other", school_units=busy)
    ended = a_measure(measure_id="ended", school_units=("10000050",), start_date=FIRST, end_date=date(2025, 6, 1))
    found = follow_up(a_measure(), a_panel(0.0), {}, [other, ended])
    assert not set(found.comparisons) & set(busy)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"frozen_date": date(2026, 2, 1)}, "decided_after_the_start"),
        ({"start_date": date(2026, 6, 1), "frozen_date": date(2025, 12, 1)}, "too_few_weeks"),
        ({"school_units": ("99999999",)}, "1_units_without_figures"),
    ],
)
def test_what_cannot_be_told_is_not_told(changes: dict, reason: str):
    found = follow_up(a_measure(**changes), a_panel(-1.0), {})
    assert (found.assessment.status, found.assessment.reasons) == ("not_assessable", (reason,))
    assert found.assessment.effect is None


def test_a_coverage_that_improves_with_the_project_is_not_taken_for_absence():
    found = follow_up(a_measure(), a_panel(0.0, coverage_after=1.0), {})
    assert found.assessment.reasons == ("treated_coverage_moved",)


def test_the_week_that_a_measure_starts_within_belongs_to_neither_window():
    before, after = a_panel(0.0).around(date(2026, 1, 14), 4)
    assert (before[-1], after[0]) == (date(2026, 1, 5), date(2026, 1, 19))


def test_a_register_is_read_with_its_umlauts(tmp_path):
    (tmp_path / "measures.yml").write_text(REGISTER, encoding="utf-8")
    assert [measure.title for measure in load_measures(tmp_path)] == ["Närvaroteam"]
    assert load_measures(tmp_path / "nowhere") == ()


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("    level: annan\n", "level"),
        ("    end_date: 2020-01-01\n", "end_date lies before"),
        ('    comparisons: ["10000001"]\n', "both treated and compared"),
        ("    dos: hög\n", "dos"),
    ],
)
def test_a_wrong_register_names_what_is_wrong(tmp_path, line: str, complaint: str):
    text = REGISTER.replace("    level: förebyggande\n", "") if "level" in line else REGISTER
    (tmp_path / "measures.yml").write_text(text + line, encoding="utf-8")
    with pytest.raises(ConfigError, match=complaint):
        load_measures(tmp_path)


def test_a_name_means_one_measure(tmp_path):
    (tmp_path / "measures.yml").write_text(REGISTER + REGISTER.replace("\nmeasures:", ""), encoding="utf-8")
    with pytest.raises(ConfigError, match="same measure_id"):
        load_measures(tmp_path)
