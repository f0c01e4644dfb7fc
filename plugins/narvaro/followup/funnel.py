"""Units on a funnel plot: which differ more from the county than chance and ordinary variation make them.

Source: Spiegelhalter 2005, *Funnel plots for comparing institutional performance*: exact binomial limits,
interpolated, and over-dispersion from winsorised z-scores. Grade and sex mix are fixed by indirect standardisation.
It says whom to ask, not who is good: most of a unit's absence was there before the pupils came to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Two-sided 95 % and 99.8 %.
_TAILS = {"95": 0.025, "998": 0.001}
_WINSORIZED_SHARE = 0.1
LEAST_UNITS = 10


@dataclass(frozen=True, slots=True)
class FunnelUnit:
    """Classed pupils and those at or above the threshold, by stratum such as ("9", "Kvinna")."""

    code: str
    pupils: Mapping[tuple[str, ...], int]
    cases: Mapping[tuple[str, ...], int]


@dataclass(frozen=True, slots=True)
class FunnelPoint:
    """One unit; shares are of 1 and standardised to the county's mix, limits are the unit's own.

    `place` is inside, above_95, above_998, below_95, below_998 or no_expectation.
    """

    code: str
    pupils_count: int
    cases_count: int
    expected: float
    share: float | None
    limits: Mapping[str, tuple[float, float]]
    place: str


@dataclass(frozen=True, slots=True)
class Funnel:
    """The county's share, the over-dispersion that the limits are widened by (1 when none), and the units."""

    target: float
    overdispersion: float
    points: tuple[FunnelPoint, ...]


def funnel(units: Sequence[FunnelUnit]) -> Funnel:
    """Place every unit against the share that its own grades and sexes have in all units together."""
    pupils, cases = _sums(units, "pupils"), _sums(units, "cases")
    total = sum(pupils.values())
    if not total:
        return Funnel(0.0, 1.0, tuple(FunnelPoint(unit.code, 0, 0, 0.0, None, {}, "no_expectation") for unit in units))
    target = sum(cases.values()) / total
    rates = {stratum: cases.get(stratum, 0) / count for stratum, count in pupils.items() if count}
    facts = [_facts(unit, rates) for unit in units]
    overdispersion = _overdispersion([fact for fact in facts if _is_placed(fact)])
    points = [_point(unit.code, fact, target, overdispersion) for unit, fact in zip(units, facts, strict=True)]
    return Funnel(target, overdispersion, tuple(points))


def exact_limit(pupils_count: int, share: float, tail: float) -> float:
    """Give the share that a tail of the binomial lies beyond, interpolated between whole pupils."""
    cases = stats.binom.ppf(tail, pupils_count, share)
    below, reached = stats.binom.cdf(cases - 1, pupils_count, share), stats.binom.cdf(cases, pupils_count, share)
    return float(cases - (reached - tail) / (reached - below)) / pupils_count


def _sums(units: Sequence[FunnelUnit], name: str) -> dict[tuple[str, ...], int]:
    sums: dict[tuple[str, ...], int] = {}
    for unit in units:
        for stratum, count in getattr(unit, name).items():
            sums[stratum] = sums.get(stratum, 0) + count
    return sums


def _facts(unit: FunnelUnit, rates: Mapping[tuple[str, ...], float]) -> tuple[int, int, float]:
    """Give pupils, cases and the cases to expect of the unit's mix."""
    expected = sum(count * rates[stratum] for stratum, count in unit.pupils.items() if count)
    return sum(unit.pupils.values()), sum(unit.cases.values()), expected


def _is_placed(fact: tuple[int, int, float]) -> bool:
    """Whether chance has anything to say: some are expected, and not all."""
    pupils_count, _, expected = fact
    return 0 < expected < pupils_count


def _overdispersion(facts: Sequence[tuple[int, int, float]]) -> float:
    """Give the mean square of winsorised z-scores; never less than 1, and 1 of too few units to tell."""
    if len(facts) < LEAST_UNITS:
        return 1.0
    pupils_count, cases, expected = (np.array(column, dtype=float) for column in zip(*facts, strict=True))
    deviations = (cases - expected) / np.sqrt(expected * (1 - expected / pupils_count))
    tame = stats.mstats.winsorize(deviations, limits=(_WINSORIZED_SHARE, _WINSORIZED_SHARE))
    return max(1.0, float(np.mean(np.square(tame))))


def _point(code: str, fact: tuple[int, int, float], target: float, overdispersion: float) -> FunnelPoint:
    """Place one unit; its limits are those of its own expectation, brought to the county's mix with its share."""
    pupils_count, cases, expected = fact
    if not _is_placed(fact):
        return FunnelPoint(code, pupils_count, cases, expected, None, {}, "no_expectation")
    own, scale, widening = expected / pupils_count, target * pupils_count / expected, np.sqrt(overdispersion)

    def limit(tail: float) -> float:
        return float(np.clip(own + widening * (exact_limit(pupils_count, own, tail) - own), 0, 1)) * scale

    limits = {name: (limit(tail), limit(1 - tail)) for name, tail in _TAILS.items()}
    share = cases / pupils_count * scale
    return FunnelPoint(code, pupils_count, cases, expected, share, limits, _place(share, limits))


def _place(share: float, limits: Mapping[str, tuple[float, float]]) -> str:
    """Give the outermost limit that the share lies beyond."""
    for name in ("998", "95"):
        lower, upper = limits[name]
        if share > upper:
            return f"above_{name}"
        if share < lower:
            return f"below_{name}"
    return "inside"
