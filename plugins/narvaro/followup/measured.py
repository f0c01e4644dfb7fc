"""Before and after a measure, beside units that had none: difference-in-differences on unit windows.

Each unit is one observation (its rate after less its rate before), so that weeks of one school are not counted
as independent. Sources: Bertrand, Duflo & Mullainathan 2004 on collapsed periods; MDRC on comparison units matched
on level and trend; `docs/rules/follow-up.md` for what must be frozen before anybody looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

CONFIDENCE = 0.95
POWER = 0.8
MOST_COVERAGE_SHIFT_POINTS = 5.0
LEAST_COMPARISONS = 5
_LOTS = 2_000
_SEED = 2026


@dataclass(frozen=True, slots=True)
class UnitWindow:
    """What one unit had in the frozen window before and after: whole minutes, of all of its pupils."""

    code: str
    before_absent: int
    before_offered: int
    before_scheduled: int
    after_absent: int
    after_offered: int
    after_scheduled: int

    @property
    def change(self) -> float:
        """Give the change of the absence rate in percentage points."""
        return 100 * (self.after_absent / self.after_offered - self.before_absent / self.before_offered)

    @property
    def coverage_shift(self) -> float:
        """Give the change of the coverage in percentage points."""
        after, before = self.after_offered / self.after_scheduled, self.before_offered / self.before_scheduled
        return 100 * (after - before)


@dataclass(frozen=True, slots=True)
class Assessment:
    """What can be said of a measure, in percentage points of absence; negative is less absence.

    `status` is assessed, or not_assessable with the `reasons`; then there are no figures.
    `detectable` is the least true effect that this design finds four times of five.
    """

    status: str
    reasons: tuple[str, ...] = ()
    naive_change: float | None = None
    effect: float | None = None
    lower: float | None = None
    upper: float | None = None
    permutation_p: float | None = None
    detectable: float | None = None
    treated_count: int = 0
    comparison_count: int = 0


def assess(treated: Sequence[UnitWindow], comparisons: Sequence[UnitWindow]) -> Assessment:
    """Give the effect of a measure on the units that had it, or why none can be told."""
    if reasons := tuple(_obstacles(treated, comparisons)):
        return Assessment("not_assessable", reasons, treated_count=len(treated), comparison_count=len(comparisons))
    changes = np.array([unit.change for unit in treated])
    others = np.array([unit.change for unit in comparisons])
    effect = float(changes.mean() - others.mean())
    error, freedom = _standard_error(changes, others)
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) * error
    return Assessment(
        "assessed",
        naive_change=float(changes.mean()),
        effect=effect,
        lower=effect - reach,
        upper=effect + reach,
        permutation_p=_permutation_p(changes, others),
        detectable=reach + float(stats.t.ppf(POWER, freedom)) * error,
        treated_count=len(treated),
        comparison_count=len(comparisons),
    )


def choose_comparisons(
    treated: Sequence[Sequence[float]],
    candidates: Mapping[str, Sequence[float]],
    *,
    per_unit: int = 4,
) -> list[str]:
    """Give the codes of the candidates nearest to each treated unit in what was known before the start.

    Each sequence holds the same facts in the same order (levels of the periods before, grade mix, size);
    facts are standardised over the candidates, and one candidate serves once.
    """
    codes = sorted(candidates)
    if not codes:
        return []
    facts = np.array([candidates[code] for code in codes], dtype=float)
    spread = facts.std(axis=0)
    spread[spread == 0] = 1.0
    chosen: list[str] = []
    for row in treated:
        distances = np.linalg.norm((facts - np.array(row, dtype=float)) / spread, axis=1)
        nearest = [codes[index] for index in np.argsort(distances, kind="stable") if codes[index] not in chosen]
        chosen += nearest[:per_unit]
    return chosen


def _obstacles(treated: Sequence[UnitWindow], comparisons: Sequence[UnitWindow]) -> Iterator[str]:
    """Give why no effect can be told: windows without minutes, too few to compare with, a coverage that moved."""
    if not treated:
        yield "no_unit_with_the_measure"
    if len(comparisons) < LEAST_COMPARISONS:
        yield "too_few_comparisons"
    units = [*treated, *comparisons]
    if any(min(unit.before_offered, unit.after_offered) <= 0 for unit in units):
        yield "a_window_without_minutes"
        return
    for name, group in (("treated", treated), ("comparison", comparisons)):
        if group and abs(np.mean([unit.coverage_shift for unit in group])) > MOST_COVERAGE_SHIFT_POINTS:
            yield f"{name}_coverage_moved"


def _standard_error(changes: NDArray[np.float64], others: NDArray[np.float64]) -> tuple[float, float]:
    """Give the standard error of the difference and its degrees of freedom (Welch).

    A single treated unit has no spread of its own: it is held to that of the comparisons.
    """
    if len(changes) == 1:
        return float(others.std(ddof=1) * np.sqrt(1 + 1 / len(others))), float(len(others) - 1)
    variances = [group.var(ddof=1) / len(group) for group in (changes, others)]
    return float(np.sqrt(sum(variances))), float(stats.ttest_ind(changes, others, equal_var=False).df)


def _permutation_p(changes: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """Give how often as large a difference comes of giving the measure to others by lot; exact when few."""
    if len(changes) == 1:
        pooled = np.concatenate([changes, others])
        differences = np.abs(pooled - (pooled.sum() - pooled) / len(others))
        return float(np.mean(differences >= differences[0]))
    lots = stats.permutation_test(
        (changes, others),
        lambda one, other, axis: one.mean(axis=axis) - other.mean(axis=axis),
        vectorized=True,
        n_resamples=_LOTS,
        rng=np.random.default_rng(_SEED),
    )
    return float(lots.pvalue)
