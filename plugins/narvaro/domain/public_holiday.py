"""Swedish public holidays."""

from __future__ import annotations

from datetime import date
from functools import cache


@cache
def _public_holidays(year: int) -> frozenset[date]:
    """List the public holidays of a year, Sundays as such not among them."""
    # The library reads every country of the world, half a second: only those who ask for a day pay for it.
    import holidays

    return frozenset(holidays.country_holidays("SE", years=year))


def is_public_holiday(day: date) -> bool:
    """Tell whether a day is a Swedish public holiday."""
    return day in _public_holidays(day.year)


def public_holidays(first: date, last: date) -> list[date]:
    """List the public holidays of a span, both ends inclusive, in time order."""
    years = range(first.year, last.year + 1)
    return sorted(day for year in years for day in _public_holidays(year) if first <= day <= last)
