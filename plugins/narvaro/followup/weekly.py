"""A unit's weeks on an XmR chart: what is noise, and what is a change worth asking about.

Source: NHS England, *Making data count* (limits, screening of moving ranges and the four signals).
Absence has seasons, so what is charted is the unit's difference from the rest of the county the same week.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

BASELINE_WEEKS = 15
LEAST_BASELINE_WEEKS = 12
RUN = 7
# Of individual values with a moving range of two: 3 / 1.128, and the upper limit of the ranges themselves.
_LIMIT_FACTOR = 2.66
_RANGE_SCREEN = 3.267
_NEAR = 2 / 3


@dataclass(frozen=True, slots=True)
class Week:
    """Whole minutes of one ISO week, `2026-W38`."""

    iso_week: str
    absent_minutes: int
    offered_minutes: int


@dataclass(frozen=True, slots=True)
class Limits:
    """Centre and natural limits in percentage points, fixed by a baseline of `weeks` values."""

    mean: float
    lower: float
    upper: float
    weeks: int

    def near(self, side: int) -> float:
        """Give the line two thirds of the way to the upper (1) or the lower (-1) limit."""
        return self.mean + side * _NEAR * (self.upper - self.mean)


@dataclass(frozen=True, slots=True)
class Point:
    """One charted week; `signals` are of outside, shift, trend and near, each with _high or _low after it."""

    iso_week: str
    value: float
    phase: int
    signals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch with limits of its own; without `limits` it is too short to tell noise from change."""

    first_week: str
    reason: str
    limits: Limits | None


@dataclass(frozen=True, slots=True)
class Chart:
    """Points in time order and the phases that they belong to."""

    points: tuple[Point, ...]
    phases: tuple[Phase, ...]


def differences_from_the_rest(
    unit: Sequence[Week],
    county: Sequence[Week],
    *,
    masked: Collection[str] = (),
) -> list[tuple[str, float]]:
    """Give (ISO week, percentage points) of a unit's rate less that of the county without it, in time order.

    Weeks in `masked` (holidays), and those in which either has no offered minute, are left out.
    """
    of_county = {week.iso_week: week for week in county}
    differences = []
    for week in sorted(unit, key=lambda each: each.iso_week):
        whole = of_county.get(week.iso_week)
        if whole is None or week.iso_week in masked:
            continue
        offered = whole.offered_minutes - week.offered_minutes
        if offered > 0 and week.offered_minutes > 0:
            rest = (whole.absent_minutes - week.absent_minutes) / offered
            differences.append((week.iso_week, 100 * (week.absent_minutes / week.offered_minutes - rest)))
    return differences


def chart(
    values: Sequence[tuple[str, float]],
    *,
    rebases: Mapping[str, str] | None = None,
    baseline_weeks: int = BASELINE_WEEKS,
) -> Chart:
    """Give the chart of (ISO week, value) pairs in time order.

    `rebases` names the documented changes by their first ISO week; each begins a phase with limits of its own.
    Limits are fixed by a phase's first `baseline_weeks` values and never move with later ones.
    """
    points: list[Point] = []
    phases: list[Phase] = []
    for reason, stretch in _stretches(values, rebases or {}):
        limits = _limits([value for _, value in stretch[:baseline_weeks]])
        signals = _signals(np.array([value for _, value in stretch]), limits) if limits else [()] * len(stretch)
        points += [
            Point(week, value, len(phases), found) for (week, value), found in zip(stretch, signals, strict=True)
        ]
        phases.append(Phase(stretch[0][0], reason, limits))
    return Chart(tuple(points), tuple(phases))


def _stretches(
    values: Sequence[tuple[str, float]],
    rebases: Mapping[str, str],
) -> list[tuple[str, Sequence[tuple[str, float]]]]:
    """Cut the values at the documented changes; a change that no value follows begins nothing."""
    edges = [("", ""), *sorted(rebases.items()), ("9999-W99", "")]
    stretches: list[tuple[str, Sequence[tuple[str, float]]]] = []
    for (first, reason), (after, _) in pairwise(edges):
        stretch = [pair for pair in values if first <= pair[0] < after]
        if stretch:
            stretches.append((reason, stretch))
    return stretches


def _limits(baseline: Sequence[float]) -> Limits | None:
    """Give the natural limits; ranges beyond their own limit are screened out once."""
    if len(baseline) < LEAST_BASELINE_WEEKS:
        return None
    ranges = np.abs(np.diff(baseline))
    usual = ranges[ranges <= _RANGE_SCREEN * ranges.mean()].mean()
    mean = float(np.mean(baseline))
    reach = float(_LIMIT_FACTOR * usual)
    return Limits(mean, mean - reach, mean + reach, len(baseline))


def _signals(values: NDArray[np.float64], limits: Limits) -> list[tuple[str, ...]]:
    """Give each point's signals; a point belongs to every run that holds it."""
    found: list[list[str]] = [[] for _ in values]
    for side, word in ((1, "high"), (-1, "low")):
        distance = side * (values - limits.mean)
        edge = side * (limits.near(side) - limits.mean)
        reach = limits.upper - limits.mean
        rises = np.concatenate([[False], side * np.diff(values) > 0])
        marks = {
            "outside": distance > reach,
            "shift": _in_runs(distance > 0, RUN),
            # Seven points that rise are six rises, and the point that they rise from.
            "trend": _with_start(_in_runs(rises, RUN - 1)),
            "near": _two_of_three(distance > edge),
        }
        for name, mask in marks.items():
            for index in np.flatnonzero(mask):
                found[index].append(f"{name}_{word}")
    return [tuple(words) for words in found]


def _in_runs(mask: NDArray[np.bool_], length: int) -> NDArray[np.bool_]:
    """Mark what lies in an unbroken run of at least this length."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]])))
    marked = np.zeros_like(mask)
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start >= length:
            marked[start:end] = True
    return marked


def _with_start(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark also the point before each run."""
    marked = mask.copy()
    marked[:-1] |= mask[1:]
    return marked


def _two_of_three(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark those beyond the near line that have another such among the two before or after, three in a row."""
    marked = np.zeros_like(mask)
    for start in range(len(mask) - 2):
        window = slice(start, start + 3)
        if mask[window].sum() >= 2:  # noqa: PLR2004 - two of three, as the rule is named
            marked[window] |= mask[window]
    return marked
