"""School years, terms and ISO weeks: names for spans of days.

School years and ISO weeks sort in time order as text. Terms do not: `2027HT` sorts before
`2027VT`, which comes first; sort them by the first day of `bounds_from_term`.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

_SCHOOL_YEAR = re.compile(r"([0-9]{4})/([0-9]{2})")
_TERM = re.compile(r"([0-9]{4})(HT|VT)")
_ISO_WEEK = re.compile(r"([0-9]{4})-W([0-9]{2})")

# The first day of the Swedish school year's accounting period, and of its autumn term's half.
_FIRST_MONTH = 7
_LAST_YEAR = date.max.year - 1


def school_year_from_date(day: date) -> str:
    """Give the school year of a day, `2026/27` from 1 July 2026 to 30 June 2027."""
    first = day.year if day.month >= _FIRST_MONTH else day.year - 1
    return f"{first:04d}/{(first + 1) % 100:02d}"


def bounds_from_school_year(school_year: str) -> tuple[date, date]:
    """Give the first and the last day of a school year, both inclusive.

    Raises:
        ValueError: the text is not a school year such as `2026/27`.
    """
    match = _SCHOOL_YEAR.fullmatch(school_year)
    if match is None or not 1 <= int(match[1]) <= _LAST_YEAR or (int(match[1]) + 1) % 100 != int(match[2]):
        message = f"{school_year!r} is not a school year; write it as 2026/27."
        raise ValueError(message)
    first = int(match[1])
    return date(first, _FIRST_MONTH, 1), date(first + 1, _FIRST_MONTH, 1) - timedelta(days=1)


def term_from_date(day: date) -> str:
    """Give the term of a day: `2026HT` for July to December, `2027VT` for January to June."""
    return f"{day.year:04d}{'HT' if day.month >= _FIRST_MONTH else 'VT'}"


def bounds_from_term(term: str) -> tuple[date, date]:
    """Give the first and the last day of a term's half year, both inclusive.

    Raises:
        ValueError: the text is not a term such as `2026HT`.
    """
    match = _TERM.fullmatch(term)
    if match is None or int(match[1]) < 1:
        message = f"{term!r} is not a term; write it as 2026HT or 2027VT."
        raise ValueError(message)
    year = int(match[1])
    if match[2] == "HT":
        return date(year, _FIRST_MONTH, 1), date(year, 12, 31)
    return date(year, 1, 1), date(year, _FIRST_MONTH, 1) - timedelta(days=1)


def school_year_from_term(term: str) -> str:
    """Give the school year that a term belongs to, `2026/27` for both `2026HT` and `2027VT`."""
    return school_year_from_date(bounds_from_term(term)[0])


def iso_week_from_date(day: date) -> str:
    """Give the ISO week of a day, `2026-W53` for 1 January 2027."""
    year, week, _ = day.isocalendar()
    return f"{year:04d}-W{week:02d}"


def monday_from_iso_week(iso_week: str) -> date:
    """Give the Monday that an ISO week begins with.

    Raises:
        ValueError: the text is not an ISO week, or the year has no such week.
    """
    match = _ISO_WEEK.fullmatch(iso_week)
    if match is None:
        message = f"{iso_week!r} is not an ISO week; write it as 2026-W34."
        raise ValueError(message)
    return date.fromisocalendar(int(match[1]), int(match[2]), 1)
