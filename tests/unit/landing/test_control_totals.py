"""The minutes that stand, against the sums that the source tells."""

from __future__ import annotations

from datetime import timedelta

import pytest
from landed_school import MONDAY, SUNDAY, LandedSchool, a_night, changed_at, deletions, lessons, registers

from narvaro.landing import standing_rows, week_minutes
from narvaro.sources.contract import ENTITIES

FIRST, NIGHT = SUNDAY, SUNDAY + timedelta(days=1)


@pytest.fixture
def school(tmp_path):
    built = LandedSchool(tmp_path)
    a_night(built, FIRST)
    a_night(built, NIGHT)
    both = lessons("unit-a", 10) + lessons("unit-b", 5)
    built.land(FIRST, "lessons", both)
    built.land(FIRST, "attendances", registers(both))
    return built


def sums(unit, minutes, start=MONDAY, **changes):
    days = {"start_date": start, "end_date": start + timedelta(days=6)}
    return {"activity_id": f"teaching-{unit}", "person_id": "p", "attended_minutes": minutes} | days | changes


def compared(school):
    with standing_rows(school.before(NIGHT), school.files[NIGHT], ENTITIES, school.folder) as rows:
        return {(week.school_unit_code, week.start_date): week for week in week_minutes(rows)}


def test_minutes_that_agree_are_neither_missing_nor_surplus(school):
    split = sums("unit-a", 300, valid_absence_minutes=60, invalid_absence_minutes=30, other_attendance_minutes=10)
    school.land(NIGHT, "aggregated_attendances", [split, sums("unit-b", 150), sums("unit-b", 50)])
    weeks = compared(school)
    assert {code for code, _ in weeks} == {"11111111", "22222222"}
    assert all((week.missing, week.surplus) == (0, 0) for week in weeks.values())


def test_missing_minutes_are_told_of_their_unit_and_week(school):
    school.land(NIGHT, "aggregated_attendances", [sums("unit-a", 480), sums("unit-b", 200)])
    week = compared(school)["11111111", MONDAY]
    assert (week.expected, week.received, week.missing) == (480, 400, 80)


def test_rows_of_tonight_count_and_the_newest_version_of_each(school):
    changed = registers(lessons("unit-a", 1), attended_minutes=25, source_modified_at=changed_at(9))
    school.land(NIGHT, "attendances", changed)
    school.land(NIGHT, "aggregated_attendances", [sums("unit-a", 385), sums("unit-b", 200)])
    assert [week.missing + week.surplus for week in compared(school).values()] == [0, 0]


def test_a_deleted_row_counts_no_more(school):
    school.land(NIGHT, "deletions", deletions("attendances", [f"r-unit-a-{MONDAY}-0"]))
    school.land(NIGHT, "aggregated_attendances", [sums("unit-a", 400), sums("unit-b", 200)])
    assert compared(school)["11111111", MONDAY].missing == 40


def test_a_row_that_moved_to_another_week_counts_there_only(school):
    later = lessons("unit-a", 1, MONDAY + timedelta(days=7))
    school.land(NIGHT, "lessons", later)
    moved = registers(lessons("unit-a", 1), lesson_id=later[0]["lesson_id"], source_modified_at=changed_at(9))
    school.land(NIGHT, "attendances", moved)
    school.land(NIGHT, "aggregated_attendances", [sums("unit-a", 400), sums("unit-b", 200)])
    assert compared(school)["11111111", MONDAY].missing == 40


def test_cancelled_lessons_and_unreported_rows_may_be_in_the_sums_or_not(school):
    off = lessons("unit-a", 1, day=MONDAY + timedelta(days=1), is_cancelled=True)
    school.land(NIGHT, "lessons", off)
    school.land(NIGHT, "attendances", registers(off))
    for expected in (400, 440):
        school.land(NIGHT, "aggregated_attendances", [])
        school.files[NIGHT]["aggregated_attendances"].clear()
        school.land(NIGHT, "aggregated_attendances", [sums("unit-a", expected), sums("unit-b", 200)])
        week = compared(school)["11111111", MONDAY]
        assert (week.missing, week.surplus) == (0, 0)


def test_a_unit_that_the_source_does_not_sum_has_a_surplus(school):
    school.land(NIGHT, "aggregated_attendances", [sums("unit-a", 400)])
    week = compared(school)["22222222", MONDAY]
    assert (week.expected, week.surplus) == (0, 200)


def test_a_unit_of_which_we_have_nothing_is_missing_whole(school):
    school.land(NIGHT, "activities", [{"activity_id": "new", "organisation_id": "unit-b"}])
    school.land(NIGHT, "aggregated_attendances", [sums("unit-a", 400), sums("unit-b", 200), sums("unit-b", 90)])
    assert compared(school)["22222222", MONDAY].missing == 90


def test_other_weeks_are_not_compared(school):
    other = MONDAY - timedelta(days=7)
    school.land(NIGHT, "aggregated_attendances", [sums("unit-a", 0, start=other)])
    assert all(start == other for _, start in compared(school))


def test_without_control_totals_nothing_is_compared(school):
    assert compared(school) == {}
