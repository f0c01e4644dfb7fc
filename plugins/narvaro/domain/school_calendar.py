"""A county's school calendar: terms, breaks and study days, and what kind of day a day is."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from narvaro.domain.public_holiday import is_public_holiday
from narvaro.domain.school_year import bounds_from_school_year, school_year_from_date

_SATURDAY = 5


class _Value(BaseModel):
    """A frozen value that knows no other keys than its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Term(_Value):
    """A half of the school year with teaching."""

    term: Literal["HT", "VT"] = Field(description="HT (autumn) or VT (spring).")
    start_date: date = Field(description="First school day of the term.")
    end_date: date = Field(description="Last school day of the term, inclusive.")

    @property
    def term_code(self) -> str:
        """The term with its year, `2026HT`."""
        return f"{self.start_date.year:04d}{self.term}"

    def __contains__(self, day: date) -> bool:
        return self.start_date <= day <= self.end_date


class Break(_Value):
    """A span without school inside a school year (lov)."""

    name: str = Field(min_length=1, description="Name of the break, in Swedish.")
    start_date: date = Field(description="First day without school.")
    end_date: date = Field(description="Last day without school, inclusive.")

    def __contains__(self, day: date) -> bool:
        return self.start_date <= day <= self.end_date


class StudyDay(_Value):
    """A day when the staff works and the pupils are free (studiedag)."""

    study_date: date = Field(description="The day, a weekday inside a term.")
    municipality_code: str | None = Field(
        default=None, description="The municipality that has the day; every municipality when absent."
    )


class SchoolYear(_Value):
    """One school year of the calendar."""

    school_year: str = Field(description="The school year, as 2026/27.")
    terms: tuple[Term, ...] = Field(min_length=1, description="The terms, at most one HT and one VT.")
    breaks: tuple[Break, ...] = Field(default=(), description="Spans without school (lov); they may not overlap.")
    study_days: tuple[StudyDay, ...] = Field(default=(), description="Days without pupils (studiedagar).")

    @property
    def bounds(self) -> tuple[date, date]:
        """The first and the last day of the school year: 1 July to 30 June."""
        return bounds_from_school_year(self.school_year)

    def term_of(self, day: date) -> Term | None:
        """Give the term that a day lies in."""
        return next((term for term in self.terms if day in term), None)

    def break_of(self, day: date) -> Break | None:
        """Give the break that a day lies in."""
        return next((pause for pause in self.breaks if day in pause), None)


class SchoolCalendar(_Value):
    """All the school years that a county has entered."""

    school_years: tuple[SchoolYear, ...] = Field(min_length=1, description="The school years, each named once.")

    @cached_property
    def _by_name(self) -> dict[str, SchoolYear]:
        return {year.school_year: year for year in self.school_years}

    @cached_property
    def _study_days(self) -> frozenset[tuple[date, str | None]]:
        return frozenset(
            (day.study_date, day.municipality_code) for year in self.school_years for day in year.study_days
        )

    def school_year_of(self, day: date) -> SchoolYear | None:
        """Give the school year that a day lies in, None when it has not been entered."""
        return self._by_name.get(school_year_from_date(day))

    def term_of(self, day: date) -> Term | None:
        """Give the term that a day lies in, None between terms."""
        year = self.school_year_of(day)
        return year.term_of(day) if year else None

    def is_study_day(self, day: date, municipality_code: str | None = None) -> bool:
        """Tell whether a day is a study day of every municipality, or of the named one."""
        return (day, None) in self._study_days or (
            municipality_code is not None and (day, municipality_code) in self._study_days
        )

    def is_break(self, day: date) -> bool:
        """Tell whether a day lies in a break or between terms; of a school year not entered nothing is known."""
        year = self.school_year_of(day)
        return year is not None and (year.term_of(day) is None or year.break_of(day) is not None)

    def is_school_day(self, day: date, municipality_code: str | None = None) -> bool:
        """Tell whether pupils are expected; without a municipality, in the county as a whole."""
        if day.weekday() >= _SATURDAY or is_public_holiday(day):
            return False
        year = self.school_year_of(day)
        if year is None or year.term_of(day) is None or year.break_of(day) is not None:
            return False
        return not self.is_study_day(day, municipality_code)

    def school_days(self, first: date, last: date, municipality_code: str | None = None) -> list[date]:
        """List the school days of a span, both ends inclusive."""
        days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
        return [day for day in days if self.is_school_day(day, municipality_code)]

    def last_school_day_before(self, day: date, municipality_code: str | None = None) -> date | None:
        """Give the newest school day strictly before a day, None when the calendar holds none."""
        earliest = min(term.start_date for year in self.school_years for term in year.terms)
        while (day := day - timedelta(days=1)) >= earliest:
            if self.is_school_day(day, municipality_code):
                return day
        return None
