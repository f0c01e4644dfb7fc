from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narvaro.domain.school_year import (
    bounds_from_school_year,
    bounds_from_term,
    iso_week_from_date,
    monday_from_iso_week,
    school_year_from_date,
    school_year_from_term,
    term_from_date,
)

days = st.dates(date(1902, 1, 1), date(2998, 12, 31))


@pytest.mark.parametrize(
    ("day", "school_year", "term", "iso_week"),
    [
        (date(2026, 6, 30), "2025/26", "2026VT", "2026-W27"),
        (date(2026, 7, 1), "2026/27", "2026HT", "2026-W27"),
        (date(2026, 12, 31), "2026/27", "2026HT", "2026-W53"),
        (date(2027, 1, 1), "2026/27", "2027VT", "2026-W53"),
        (date(2027, 1, 4), "2026/27", "2027VT", "2027-W01"),
        (date(2024, 12, 30), "2024/25", "2024HT", "2025-W01"),
        (date(1999, 9, 1), "1999/00", "1999HT", "1999-W35"),
    ],
)
def test_a_day_lies_in_its_school_year_term_and_week(day, school_year, term, iso_week):
    assert school_year_from_date(day) == school_year
    assert term_from_date(day) == term
    assert iso_week_from_date(day) == iso_week


@given(days)
def test_a_day_lies_within_the_bounds_of_its_spans(day):
    first, last = bounds_from_school_year(school_year_from_date(day))
    assert first <= day <= last
    first, last = bounds_from_term(term_from_date(day))
    assert first <= day <= last
    monday = monday_from_iso_week(iso_week_from_date(day))
    assert monday <= day < monday + timedelta(days=7)
    assert monday.weekday() == 0


@given(days)
def test_spans_follow_each_other_without_gap(day):
    one_day = timedelta(days=1)
    last = bounds_from_school_year(school_year_from_date(day))[1]
    assert bounds_from_school_year(school_year_from_date(last + one_day))[0] == last + one_day
    last = bounds_from_term(term_from_date(day))[1]
    assert bounds_from_term(term_from_date(last + one_day))[0] == last + one_day
    monday = monday_from_iso_week(iso_week_from_date(day))
    assert monday_from_iso_week(iso_week_from_date(monday + timedelta(days=7))) == monday + timedelta(days=7)


@given(days)
def test_both_terms_of_a_school_year_make_it_up(day):
    year = school_year_from_date(day)
    first, last = bounds_from_school_year(year)
    assert {school_year_from_term(term_from_date(first)), school_year_from_term(term_from_date(last))} == {year}
    assert bounds_from_term(term_from_date(first))[0] == first
    assert bounds_from_term(term_from_date(last))[1] == last


@given(st.lists(days, min_size=2).map(sorted))
def test_iso_weeks_and_school_years_sort_in_time_order(ordered):
    for one, other in pairwise(ordered):
        assert iso_week_from_date(one) <= iso_week_from_date(other)
        assert bounds_from_term(term_from_date(one)) <= bounds_from_term(term_from_date(other))
        assert school_year_from_date(one) <= school_year_from_date(other)


@given(st.integers(2000, 2100))
def test_week_53_exists_exactly_in_long_years(year):
    is_long = date(year, 12, 28).isocalendar().week == 53
    if is_long:
        assert iso_week_from_date(monday_from_iso_week(f"{year}-W53")) == f"{year}-W53"
    else:
        with pytest.raises(ValueError, match="week"):
            monday_from_iso_week(f"{year}-W53")


@given(st.integers(0, 15 * 366 * 24 * 60))
def test_a_lessons_school_date_is_the_local_one_through_clock_changes(minutes):
    moment = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    local = moment.astimezone(ZoneInfo("Europe/Stockholm"))
    ahead = local.replace(tzinfo=None) - moment.replace(tzinfo=None)
    assert ahead in (timedelta(hours=1), timedelta(hours=2))
    assert iso_week_from_date(local.date()) in {
        iso_week_from_date(moment.date()),
        iso_week_from_date(moment.date() + timedelta(days=1)),
    }


@pytest.mark.parametrize(
    "text", ["2026", "2026/28", "26/27", "2026/2027", "2026-27", "0000/01", "9999/00", "", "\uff12026/27"]
)
def test_what_is_no_school_year_is_told(text):
    with pytest.raises(ValueError, match="write it as 2026/27"):
        bounds_from_school_year(text)


@pytest.mark.parametrize("text", ["HT2026", "2026", "2026ht", "0000HT", "2026HT ", ""])
def test_what_is_no_term_is_told(text):
    with pytest.raises(ValueError, match="write it as 2026HT"):
        bounds_from_term(text)


@pytest.mark.parametrize("text", ["2026W34", "2026-34", "2026-W3", ""])
def test_what_is_no_iso_week_is_told(text):
    with pytest.raises(ValueError, match="write it as 2026-W34"):
        monday_from_iso_week(text)
