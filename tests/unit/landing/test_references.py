"""What a night's rows refer to and what of it has not come."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from landed_school import MONDAY, YEAR, LandedSchool, a_night, lessons, registers

from narvaro.landing import REFERRED_TO, standing_rows, unresolved, witnesses
from narvaro.sources.contract import ENTITIES

FIRST, SECOND = date(2026, 9, 15), date(2026, 9, 16)
MANY = 1000


@pytest.fixture
def school(tmp_path):
    """A unit with three lessons, their registers and the one pupil in them, landed on the first night."""
    built = LandedSchool(tmp_path)
    for night in (FIRST, SECOND):
        a_night(built, night, units=1)
    built.land(FIRST, "lessons", lessons("unit-a", 3))
    built.land(FIRST, "attendances", registers(lessons("unit-a", 3)))
    built.land(FIRST, "pupils", [{"person_id": "p"}])
    return built


def ask(school, night, question, *arguments, **options):
    with standing_rows(school.before(night), school.files[night], ENTITIES, school.folder) as rows:
        return question(rows, *arguments, **options)


def missing(school, entity, night=SECOND, most=MANY):
    return ask(school, night, unresolved, entity, YEAR[0], most=most)


@pytest.mark.parametrize("night", [FIRST, SECOND])
@pytest.mark.parametrize("entity", REFERRED_TO)
def test_nothing_is_missing_of_a_whole_night(school, entity, night):
    assert missing(school, entity, night).ids == ()


def test_pupils_and_lessons_that_registers_name_are_missing_until_they_have_come(school):
    new = lessons("unit-a", 5)
    school.land(SECOND, "attendances", registers(new, person_id="q"))
    assert missing(school, "pupils").ids == ("q",)
    found = missing(school, "lessons")
    assert (found.named, found.missing, found.ids) == (5, 2, (f"unit-a-{MONDAY}-3", f"unit-a-{MONDAY}-4"))
    school.land(SECOND, "lessons", new[3:])
    school.land(SECOND, "pupils", [{"person_id": "q"}])
    assert missing(school, "pupils").missing == missing(school, "lessons").missing == 0


def test_only_so_many_ids_are_given_and_all_are_counted(school):
    school.land(SECOND, "attendances", registers(lessons("unit-b", 5)))
    found = missing(school, "lessons", most=2)
    assert (found.missing, len(found.ids)) == (5, 2)


def test_list_that_is_read_whole_must_bring_what_it_brought_last(school):
    third = SECOND + timedelta(days=1)
    school.land(third, "activities", [])
    school.land(third, "school_units", [])
    assert missing(school, "activities", third).ids == ("teaching-unit-a",)
    assert missing(school, "school_units", third).ids == ("unit-a",)


def test_unit_that_an_enrolment_names_is_missing(school):
    school.land(SECOND, "enrolments", [{"person_id": "p", "organisation_id": "unit-b"}])
    assert missing(school, "school_units").ids == ("unit-b",)


def test_group_that_an_activity_names_is_missing(school):
    school.land(SECOND, "activities", [{"activity_id": "x", "organisation_id": "unit-a", "group_ids": ["g", "h"]}])
    school.land(FIRST, "group_memberships", [{"group_id": "g", "person_id": "p"}])
    assert missing(school, "group_memberships").ids == ("h",)


def test_grades_and_notices_of_earlier_years_ask_for_nobody(school):
    june, moment = date(2026, 6, 10), datetime(2026, 5, 4, 8, tzinfo=UTC)
    school.land(SECOND, "grades", [{"grade_id": "g1", "person_id": "left", "registered_date": june}])
    school.land(SECOND, "absence_notices", [{"absence_notice_id": "n1", "person_id": "left", "ended_at": moment}])
    assert missing(school, "pupils").ids == ()
    school.land(SECOND, "grades", [{"grade_id": "g2", "person_id": "here", "registered_date": FIRST}])
    school.land(SECOND, "absence_notices", [{"absence_notice_id": "n2", "person_id": "ill", "ended_at": None}])
    assert missing(school, "pupils").ids == ("here", "ill")


def test_members_who_have_left_and_staff_are_not_asked_for(school):
    members = [
        {"group_id": "g", "person_id": "left", "end_date": YEAR[0] - timedelta(days=1)},
        {"group_id": "g", "person_id": "stays", "end_date": None},
        {"group_id": "s", "person_id": "teacher", "group_type": "Personalgrupp"},
    ]
    school.land(SECOND, "group_memberships", members)
    assert missing(school, "pupils").ids == ("stays",)


@pytest.mark.parametrize(("most", "count"), [(2, 2), (3, 3), (20, 7)])
def test_witnesses_come_from_all_over_tonights_list(school, most, count):
    school.land(SECOND, "lessons", lessons("unit-a", 7))
    found = ask(school, SECOND, witnesses, "lessons", most=most)
    assert len(found) == count
    assert found[0].endswith("-0")
    assert most > 3 or not found[-1].endswith(f"-{count - 1}")


def test_nobody_witnesses_for_a_list_that_brought_nothing(school):
    assert ask(school, SECOND, witnesses, "lessons", most=5) == []
