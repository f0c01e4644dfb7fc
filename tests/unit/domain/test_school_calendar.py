from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narvaro.domain.public_holiday import is_public_holiday, public_holidays
from narvaro.domain.school_calendar import Break, SchoolCalendar, SchoolYear, StudyDay, Term

CALENDAR = SchoolCalendar(
    school_years=(
        SchoolYear(
            school_year="2026/27",
            terms=(
                Term(term="HT", start_date=date(2026, 8, 17), end_date=date(2026, 12, 18)),
                Term(term="VT", start_date=date(2027, 1, 11), end_date=date(2027, 6, 11)),
            ),
            breaks=(Break(name="Höstlov", start_date=date(2026, 10, 26), end_date=date(2026, 10, 30)),),
            study_days=(
                StudyDay(study_date=date(2026, 9, 9)),
                StudyDay(study_date=date(2026, 8, 28), municipality_code="1081"),
            ),
        ),
    )
)
days = st.dates(date(2026, 1, 1), date(2027, 12, 31))


@pytest.mark.parametrize(
    ("day", "is_school_day"),
    [
        (date(2026, 8, 16), False),  # the day before the term
        (date(2026, 8, 17), True),
        (date(2026, 8, 22), False),  # Saturday
        (date(2026, 8, 23), False),  # Sunday
        (date(2026, 9, 9), False),  # study day of all
        (date(2026, 10, 23), True),
        (date(2026, 10, 26), False),  # first day of the break
        (date(2026, 10, 30), False),  # last day of the break
        (date(2026, 12, 18), True),
        (date(2026, 12, 21), False),  # between the terms
        (date(2027, 3, 26), False),  # Good Friday
        (date(2027, 5, 6), False),  # Ascension Day
        (date(2027, 6, 11), True),
        (date(2027, 6, 14), False),
        (date(2028, 9, 1), False),  # a school year that is not entered
    ],
)
def test_is_school_day(day, is_school_day):
    assert CALENDAR.is_school_day(day) is is_school_day


def test_a_municipalitys_study_day_is_its_own():
    assert not CALENDAR.is_school_day(date(2026, 8, 28), "1081")
    assert CALENDAR.is_school_day(date(2026, 8, 28), "1080")
    assert CALENDAR.is_school_day(date(2026, 8, 28))
    assert CALENDAR.is_study_day(date(2026, 9, 9), "1080")


def test_last_school_day_before_passes_weekends_breaks_and_terms():
    assert CALENDAR.last_school_day_before(date(2026, 9, 19)) == date(2026, 9, 18)
    assert CALENDAR.last_school_day_before(date(2026, 9, 21)) == date(2026, 9, 18)
    assert CALENDAR.last_school_day_before(date(2026, 11, 2)) == date(2026, 10, 23)
    assert CALENDAR.last_school_day_before(date(2027, 1, 11)) == date(2026, 12, 18)
    assert CALENDAR.last_school_day_before(date(2026, 8, 17)) is None
    assert CALENDAR.last_school_day_before(date(2026, 8, 31), "1081") == date(2026, 8, 27)


@given(days, days)
def test_school_days_are_the_days_that_are_school_days(one, other):
    first, last = min(one, other), max(one, other)
    found = CALENDAR.school_days(first, last)
    assert found == sorted(set(found))
    assert all(first <= day <= last and CALENDAR.is_school_day(day) for day in found)
    every_day = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    assert len(found) == sum(CALENDAR.is_school_day(day) for day in every_day)


@given(days, st.sampled_from([None, "1080", "1081"]))
def test_a_municipality_never_has_more_school_days_than_the_county(day, code):
    assert CALENDAR.is_school_day(day) >= CALENDAR.is_school_day(day, code)


@given(days)
def test_a_day_of_a_term_lies_in_the_terms_school_year(day):
    term = CALENDAR.term_of(day)
    assert (term is not None) == any(day in candidate for year in CALENDAR.school_years for candidate in year.terms)
    if term is not None:
        assert CALENDAR.school_year_of(day).school_year == "2026/27"


def test_public_holidays_are_the_swedish_ones():
    assert is_public_holiday(date(2026, 6, 6))
    assert not is_public_holiday(date(2026, 6, 7))  # a Sunday as such is none
    assert public_holidays(date(2026, 12, 1), date(2027, 1, 31)) == [
        date(2026, 12, 25),
        date(2026, 12, 26),
        date(2027, 1, 1),
        date(2027, 1, 6),
    ]
