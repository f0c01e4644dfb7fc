"""How long pupils' rows are kept, by class: the current school year, and so many before it."""

from __future__ import annotations

from datetime import date, timedelta

from pydantic import Field

from narvaro.county.values import Entry
from narvaro.domain.school_year import bounds_from_school_year, school_year_from_date

_LONGEST = 100


class Retention(Entry):
    """How many school years are kept before the current one, by class of data; aggregates are kept for good."""

    lesson_facts: int = Field(
        default=3, ge=0, le=_LONGEST, description="Lessons, registers, their sums, and notices of absence."
    )
    grades: int = Field(default=3, ge=0, le=_LONGEST, description="Registered grades.")
    told_rows: int = Field(
        default=1, ge=0, le=_LONGEST, description="Ids of rows in old verdicts, mended issues and sent letters."
    )

    def first_days(self, today: date) -> dict[str, date]:
        """Give the first day of each class that is kept; pupils go with the last rows that rest on them."""
        first, _ = bounds_from_school_year(school_year_from_date(today))
        days = {name: _years_before(first, getattr(self, name)) for name in type(self).model_fields}
        return days | {"register": min(days["lesson_facts"], days["grades"])}


def _years_before(first: date, count: int) -> date:
    """Give the first day of the school year so many years before."""
    for _ in range(count):
        first, _last = bounds_from_school_year(school_year_from_date(first - timedelta(days=1)))
    return first
