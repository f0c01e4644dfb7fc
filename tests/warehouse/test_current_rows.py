"""What counts as the current state of a record, seen through a whole build of two nights."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from landed_rows import (
    MONDAY,
    SECOND_NIGHT,
    LandedCounty,
    a_grade,
    a_lesson,
    a_membership,
    a_pupil,
    a_unit,
    an_activity,
    an_attendance,
    an_enrolment,
    at,
)

TUESDAY = MONDAY + timedelta(days=1)
EARLY, LATE = at(date(2026, 9, 1)), at(date(2026, 9, 20))
PEOPLE = [
    "plain",
    "corrected",
    "stale",
    "gone",
    "back",
    "odd",
    "moved",
    "left",
    "twice",
    "doubtful",
    "untimed",
    "restamped",
]


@pytest.fixture(scope="module")
def built(tmp_path_factory, build_at):
    """One build of a county in which each pupil is one case."""
    folder = tmp_path_factory.mktemp("landed")
    county = LandedCounty(folder)
    _land_first_night(county)
    _land_second_night(county)
    return build_at(tmp_path_factory.mktemp("home"), county.content(SECOND_NIGHT))


def _land_first_night(county: LandedCounty) -> None:
    county.land("school_units", [a_unit("U1"), a_unit("U9", school_unit_name="Closed later")])
    county.land("pupils", [a_pupil(name) for name in PEOPLE])
    county.land("enrolments", [an_enrolment(name, "U1") for name in PEOPLE])
    county.land(
        "group_memberships",
        [a_membership("G1", name) for name in PEOPLE] + [a_membership("G2", "plain")],
    )
    county.land("activities", [an_activity("A1", "U1", ["G1"]), an_activity("A2", "U1", ["G2"])])
    county.land(
        "lessons",
        [
            a_lesson("L1", "A1", MONDAY),
            a_lesson("L2", "A1", TUESDAY, source_modified_at=EARLY),
            a_lesson("LD", "A1", TUESDAY),
            a_lesson("LG", "A2", MONDAY),
        ],
    )
    timed = [name for name in PEOPLE if name != "restamped"]
    first = [an_attendance("L1", name, invalid_absence_minutes=30, source_modified_at=EARLY) for name in timed]
    first += [an_attendance("L1", "restamped", valid_absence_minutes=1, source_modified_at=None)]
    first += [an_attendance("LD", name) for name in PEOPLE]
    first += [an_attendance("L1", "twice", attendance_id="zz", valid_absence_minutes=7, source_modified_at=EARLY)]
    load = county.land("attendances", first)
    county.quarantine(load, PEOPLE.index("odd"))
    county.land("deletions", [{"entity": "attendances", "record_id": "att-L1-doubtful"}])
    county.land(
        "grades",
        [
            a_grade("g1", "plain", registered_date=date(2026, 9, 1)),
            a_grade("g2", "plain", registered_date=date(2026, 9, 8), grade_value="B"),
        ],
    )


def _land_second_night(county: LandedCounty) -> None:
    night = {"night": SECOND_NIGHT}
    county.land("school_units", [a_unit("U1")], **night)
    county.land("activities", [an_activity("A1", "U1", ["G1"]), an_activity("A2", "U1", ["G2"])], **night)
    county.land("group_memberships", [a_membership("G2", None)], **night)
    county.land("lessons", [a_lesson("L2", "A1", TUESDAY, is_cancelled=True, source_modified_at=LATE)], **night)
    county.land("pupils", [a_pupil("moved"), a_pupil("left")], **night)
    county.land("enrolments", [an_enrolment("moved", "U1", grade=8)], **night)
    county.land(
        "attendances",
        [
            an_attendance("L1", "corrected", valid_absence_minutes=30, source_modified_at=LATE),
            an_attendance("L1", "stale", valid_absence_minutes=1, source_modified_at=at(date(2026, 8, 20))),
            an_attendance("L1", "back", valid_absence_minutes=11, source_modified_at=LATE),
            an_attendance("L1", "untimed", valid_absence_minutes=12, source_modified_at=None),
            an_attendance("L1", "restamped", valid_absence_minutes=13, source_modified_at=EARLY),
        ],
        **night,
    )
    county.land(
        "deletions",
        [
            {"entity": "attendances", "record_id": "att-L1-gone"},
            {"entity": "attendances", "record_id": "att-L1-back"},
            {"entity": "lessons", "record_id": "LD"},
            {"entity": "attendances", "record_id": "att-L1-plain-of-another-entity"},
            {"entity": "lessons", "record_id": "att-L1-plain"},
        ],
        **night,
    )
    county.land("deletions", [{"entity": "attendances", "record_id": "att-L1-plain"}], source="0902-viksta", **night)


def monday(built, name: str) -> tuple:
    where = f"pupil_id = 'pupil-{name}' and school_date = '{MONDAY}'"
    minutes = "scheduled_minutes, offered_minutes, valid_absent_minutes, invalid_absent_minutes"
    return built.row(f"select {minutes}, grade from marts.fct_absence_by_pupil_day where {where}")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain", (60, 60, 0, 30, "7")),
        ("corrected", (60, 60, 30, 0, "7")),  # the newer change wins
        ("stale", (60, 60, 0, 30, "7")),  # an older change in a newer load does not
        ("untimed", (60, 60, 12, 0, "7")),  # a source that stopped telling times of change: its night stands for one
        ("restamped", (60, 60, 13, 0, "7")),  # ... and that began again: the later night says what stands
        ("gone", (60, 0, 0, 0, "7")),  # deleted in a later night
        ("back", (60, 60, 11, 0, "7")),  # deleted and sent again in the same night: it lives
        ("doubtful", (60, 60, 0, 30, "7")),  # deletions are read before the lists of their night
        ("odd", (60, 0, 0, 0, "7")),  # its only version is in quarantine
        ("moved", (60, 60, 0, 30, "8")),  # the newest load replaces all enrolments
        ("twice", (60, 60, 7, 0, "7")),  # two entries of the same change: the larger id
    ],
)
def test_a_record_has_one_current_version(built, name, expected):
    assert monday(built, name) == expected


def test_a_person_whose_newest_record_has_no_enrolment_is_expected_nowhere(built):
    assert built.rows("select * from marts.fct_absence_by_pupil_day where pupil_id = 'pupil-left'") == []


def test_a_deleted_lesson_takes_its_register_with_it(built):
    assert built.rows(f"select * from marts.fct_absence_by_pupil_day where school_date = '{TUESDAY}'") == []


def test_a_cancelled_lesson_does_not_count(built):
    assert built.rows("select * from intermediate.int_lessons__counted where lesson_id = 'L2'") == []


def test_an_emptied_group_expects_nobody(built):
    assert built.rows("select * from intermediate.int_lessons__expanded_to_pupils where lesson_id = 'LG'") == []


def test_only_the_newest_list_of_school_units_counts(built):
    assert built.rows("select organisation_id from staging.stg_school_units") == [("U1",)]


def test_the_grade_registered_last_is_the_terms_grade(built):
    query = "select grade_id, grade_value, term_code from marts.fct_grades_by_pupil_subject_term"
    assert built.rows(query) == [("g2", "B", "2026HT")]


def test_no_machinery_reaches_the_marts(built):
    query = "select column_name from duckdb_columns() where schema_name = 'marts' and left(column_name, 1) = '_'"
    assert built.rows(query) == []


def test_raw_data_are_not_kept(built):
    assert built.rows("select * from duckdb_schemas() where schema_name = 'raw'") == []
