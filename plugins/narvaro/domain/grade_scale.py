"""Grade scales: which values there are, which of them pass and what points they give, by date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class GradeScale:
    """The values of one scale with their points, and the days it is in force."""

    name: str
    points: Mapping[str, float]
    passing: frozenset[str]
    valid_from: date
    valid_to: date | None = None

    def is_known(self, value: str) -> bool:
        """Tell whether the scale has a value."""
        return value in self.points

    def is_pass(self, value: str) -> bool:
        """Tell whether a value is a pass; an unknown value is not."""
        return value in self.passing


A_TO_F = GradeScale(
    name="A-F",
    # "-" (streck): no basis for a grade, often because of absence.
    points=MappingProxyType({"A": 20.0, "B": 17.5, "C": 15.0, "D": 12.5, "E": 10.0, "F": 0.0, "-": 0.0}),
    passing=frozenset("ABCDE"),
    valid_from=date(2011, 7, 1),
)

GRADE_SCALES = (A_TO_F,)


def grade_scale_on(day: date) -> GradeScale | None:
    """Give the scale in force on a day, None before the first one."""
    in_force = (s for s in GRADE_SCALES if s.valid_from <= day and (s.valid_to is None or day <= s.valid_to))
    return next(in_force, None)


def points_from_grade(value: str, registered_date: date) -> float | None:
    """Give the points of a grade by the scale of its day, None when that scale has no such value."""
    scale = grade_scale_on(registered_date)
    return scale.points.get(value) if scale else None
