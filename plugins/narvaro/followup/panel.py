"""Units by week: the table that windows before and after a measure are cut from."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from narvaro.followup.measured import UnitWindow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

PERIODS_BEFORE = 4


@dataclass(frozen=True, slots=True)
class UnitWeek:
    """Whole minutes and pupils of one unit in the week that begins on a Monday."""

    code: str
    monday: date
    absent_minutes: int
    offered_minutes: int
    scheduled_minutes: int
    pupils_count: int


class Panel:
    """School weeks in which the county had lessons, and what each unit had in them."""

    def __init__(self, weeks: Iterable[UnitWeek]) -> None:
        self._by_unit: dict[str, dict[date, UnitWeek]] = {}
        for week in weeks:
            self._by_unit.setdefault(week.code, {})[week.monday] = week
        self.mondays: Sequence[date] = sorted({monday for unit in self._by_unit.values() for monday in unit})

    @property
    def codes(self) -> list[str]:
        """Give the units' codes."""
        return sorted(self._by_unit)

    def around(self, start: date, weeks: int) -> tuple[Sequence[date], Sequence[date]] | None:
        """Give the Mondays of so many school weeks before and after a day; None where there are fewer.

        A week that the day lies within belongs to neither: the measure was there for a part of it.
        """
        before = [monday for monday in self.mondays if (start - monday).days >= 7][-weeks:]  # noqa: PLR2004
        after = [monday for monday in self.mondays if monday >= start][:weeks]
        return (before, after) if len(before) == len(after) == weeks else None

    def window(self, code: str, before: Sequence[date], after: Sequence[date]) -> UnitWindow:
        """Give one unit's sums in both windows; weeks that it lacks add nothing."""
        first, second = self._sums(code, before), self._sums(code, after)
        return UnitWindow(code, *first, *second)

    def facts(self, code: str, mondays: Sequence[date], mix: Mapping[str, Sequence[float]]) -> list[float] | None:
        """Give what makes units alike before a start: four levels, size and grade mix; None when a level is missing."""
        edges = [round(index * len(mondays) / PERIODS_BEFORE) for index in range(PERIODS_BEFORE + 1)]
        levels = []
        for start, end in pairwise(edges):
            absent, offered, _ = self._sums(code, mondays[start:end])
            if not offered:
                return None
            levels.append(100 * absent / offered)
        weeks = [self._by_unit[code][monday] for monday in mondays if monday in self._by_unit[code]]
        return [*levels, sum(week.pupils_count for week in weeks) / len(weeks), *mix.get(code, ())]

    def _sums(self, code: str, mondays: Sequence[date]) -> tuple[int, int, int]:
        """Give absent, offered and scheduled minutes."""
        weeks = [week for monday in mondays if (week := self._by_unit.get(code, {}).get(monday))]
        return (
            sum(week.absent_minutes for week in weeks),
            sum(week.offered_minutes for week in weeks),
            sum(week.scheduled_minutes for week in weeks),
        )
