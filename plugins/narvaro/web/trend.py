"""The trend as a line: drawn as plain SVG, for the page has no program and asks the network for nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from narvaro.web.coverage import WeekCoverage

WIDTH, HEIGHT = 640, 180
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 16, 12, 28


@dataclass(frozen=True, slots=True)
class Point:
    """One week's place in the drawing."""

    x: float
    y: float
    iso_week: str
    coverage_pct: float


@dataclass(frozen=True, slots=True)
class Trend:
    """What a template draws: unbroken lines, points, the weeks' names and the marks of the scale."""

    lines: tuple[tuple[Point, ...], ...]
    labels: tuple[tuple[float, str], ...]
    marks: tuple[tuple[float, int], ...]

    @property
    def points(self) -> list[Point]:
        """Every point, oldest first."""
        return [point for line in self.lines for point in line]


def trend_of(weeks: Sequence[WeekCoverage]) -> Trend | None:
    """Give the drawing of some weeks, None when fewer than two have a value; a gap breaks the line."""
    if sum(week.coverage_pct is not None for week in weeks) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    step = (WIDTH - _LEFT - _RIGHT) / max(1, len(weeks) - 1)
    lines: list[list[Point]] = [[]]
    for place, week in enumerate(weeks):
        if week.coverage_pct is None:
            lines.append([])
        else:
            lines[-1].append(Point(_LEFT + place * step, _y(week.coverage_pct), week.iso_week, week.coverage_pct))
    every = max(1, len(weeks) // 6)
    return Trend(
        lines=tuple(tuple(line) for line in lines if line),
        labels=tuple((_LEFT + place * step, week.iso_week) for place, week in enumerate(weeks) if place % every == 0),
        marks=tuple((_y(mark), mark) for mark in (0, 50, 100)),
    )


def _y(coverage_pct: float) -> float:
    return _TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - min(100.0, coverage_pct) / 100)
