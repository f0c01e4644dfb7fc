"""What becomes of rows: shapes, times, marks, identities, and errors that show no value."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime

import pytest
from school_system import MODIFIED, a_group, a_lesson, a_person, a_school, an_attendance, an_id

from narvaro.errors import SourceShapeError


def decomposed(text):
    return unicodedata.normalize("NFD", text)


def without(row, *names):
    return {name: value for name, value in row.items() if name not in names}


def test_an_attendance_keeps_what_the_contract_names_and_nothing_else(system, read_all):
    system.rows["/attendances"] = [an_attendance()]
    (row,) = read_all()["attendances"]
    person_id = row.pop("person_id")
    assert len(person_id) == 32
    assert row == {
        "attendance_id": an_id("attendance a"),
        "lesson_id": an_id("lesson"),
        "is_reported": True,
        "attended_minutes": 40,
        "valid_absence_minutes": 20,
        "invalid_absence_minutes": 0,
        "other_attendance_minutes": None,
        "reason_code": None,
        "is_protected": False,
        "source_modified_at": datetime(2026, 9, 18, 10, tzinfo=UTC),
    }


def test_a_written_reason_becomes_a_code_where_the_county_keeps_coarse_ones(system, read_all):
    system.rows["/attendances"] = [an_attendance(), an_attendance(id=an_id("attendance b"), absenceReason=None)]
    tables = read_all(reasons="coarse")
    assert [row["reason_code"] for row in tables["attendances"]] == ["annat", None]
    assert "Kanarie" not in repr(dict(tables))


def test_nothing_personal_leaves_the_connector(system, read_all):
    system.rows["/persons"] = [a_person()]
    system.rows["/groups"] = [a_group()]
    system.rows["/attendances"] = [an_attendance()]
    everything = repr(dict(read_all()))
    for secret in ("Kanarie", "Åsa", "kanarie.example", "20120803", an_id("person p"), an_id("pupil")):
        assert secret not in everything


def test_a_pupil_and_its_references_share_one_pseudonym(system, read_all):
    system.rows["/persons"] = [a_person()]
    system.rows["/groups"] = [a_group()]
    system.rows["/attendances"] = [an_attendance(student={"id": an_id("person p").upper()})]
    tables = read_all()
    found = {tables[e][0]["person_id"] for e in ("pupils", "enrolments", "group_memberships", "attendances")}
    assert len(found) == 1
    assert tables["pupils"][0]["pupil_id"] not in found


@pytest.mark.parametrize("spelling", ["201208032381", "120803-2381", "20120803-2381", "120803 2381"])
def test_every_spelling_of_a_civic_number_is_the_same_pupil(system, read_all, spelling):
    system.rows["/persons"] = [a_person("p"), a_person("q", civicNo={"value": spelling})]
    first, second = read_all()["pupils"]
    assert first["pupil_id"] == second["pupil_id"]
    assert first["person_id"] != second["person_id"]
    assert second["identity_type"] == "personnummer"


@pytest.mark.parametrize("civic_no", [None, {}, {"value": None}, {"value": ""}, {"value": "okänt"}])
def test_a_pupil_without_a_civic_number_stands_for_itself(system, read_all, civic_no):
    system.rows["/persons"] = [a_person("p", civicNo=civic_no), a_person("q", civicNo=civic_no)]
    first, second = read_all()["pupils"]
    assert first["identity_type"] == "none"
    assert first["pupil_id"] != second["pupil_id"]


def test_persons_without_enrolments_are_left_at_the_door(system, read_all):
    system.rows["/persons"] = [a_person("p"), a_person("teacher", enrolments=[]), without(a_person("x"), "enrolments")]
    assert len(read_all()["pupils"]) == 1


def test_each_enrolment_is_a_row_with_its_persons_time_of_change(system, read_all):
    enrolment = a_person()["enrolments"][0]
    later = enrolment | {
        "cancelled": True,
        "startDate": "2026-09-01",
        "endDate": "2026-12-18T00:00:00",
        "schoolYear": "9",
    }
    system.rows["/persons"] = [a_person("p"), a_person("q", enrolments=[enrolment, later])]
    rows = read_all()["enrolments"]
    assert [row["is_cancelled"] for row in rows] == [False, False, True]
    assert (rows[2]["grade"], rows[2]["end_date"]) == (9, date(2026, 12, 18))
    assert {row["source_modified_at"] for row in rows} == {datetime(2026, 9, 18, 10, tzinfo=UTC)}


def test_an_empty_group_is_one_row_without_a_person(system, read_all):
    system.rows["/groups"] = [
        a_group("g", groupMemberships=[]),
        without(a_group("h"), "groupMemberships"),
        a_group("i"),
    ]
    rows = read_all()["group_memberships"]
    assert [row["person_id"] is None for row in rows] == [True, True, False]
    assert [row["group_id"] for row in rows] == [an_id("group g"), an_id("group h"), an_id("group i")]


@pytest.mark.parametrize(
    "marking",
    [
        "Sekretessmarkering",
        "Skyddad folkbokföring",
        decomposed("Skyddad folkbokföring"),
        "INGEN?",
        "",
        "ja",
        True,
        0,
        {},
    ],
)
def test_any_mark_protects_on_the_person_and_on_every_reference(system, read_all, marking):
    reference = {"id": an_id("pupil"), "securityMarking": marking}
    system.rows["/persons"] = [a_person(securityMarking=marking)]
    system.rows["/groups"] = [a_group(groupMemberships=[{"person": reference}])]
    system.rows["/attendances"] = [an_attendance(student=reference)]
    system.rows["/absences"] = [a_notice(student=reference)]
    system.rows["/grades"] = [a_grade(student=reference)]
    tables = read_all()
    for entity in ("pupils", "group_memberships", "attendances", "absence_notices", "grades"):
        assert [row["is_protected"] for row in tables[entity]] == [True], entity


@pytest.mark.parametrize("marking", [None, "Ingen", "ingen ", decomposed("Ingen")])
def test_no_mark_does_not_protect(system, read_all, marking):
    system.rows["/persons"] = [a_person(securityMarking=marking)]
    system.rows["/attendances"] = [an_attendance(student={"id": an_id("pupil"), "securityMarking": marking})]
    tables = read_all()
    assert not tables["pupils"][0]["is_protected"]
    assert not tables["attendances"][0]["is_protected"]


def test_a_lesson_lasts_its_teaching_length_when_told_else_its_span(system, read_all):
    system.rows["/calendarEvents"] = [
        a_lesson("l", teachingLengthStudent=45),
        a_lesson("m"),
        a_lesson("n", cancelled=True),
    ]
    rows = read_all()["lessons"]
    assert [row["lesson_minutes"] for row in rows] == [45, 60, 60]
    assert [row["is_cancelled"] for row in rows] == [False, False, True]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-09-18T23:30:00+02:00", "2026-09-18T21:30:00+00:00"),
        ("2026-09-18T21:30:00Z", "2026-09-18T21:30:00+00:00"),
        ("2026-09-18T21:30:00.1234567Z", "2026-09-18T21:30:00.123456+00:00"),
        ("2026-09-18 23:30:00", "2026-09-18T21:30:00+00:00"),
        ("2026-09-18T23:30", "2026-09-18T21:30:00+00:00"),
    ],
)
def test_times_of_every_kind_are_one_moment(system, read_all, text, expected):
    system.rows["/calendarEvents"] = [a_lesson(startTime=text, endTime="2026-09-19T00:30:00+02:00")]
    (row,) = read_all()["lessons"]
    assert row["started_at"] == datetime.fromisoformat(expected)
    assert row["school_date"] == date(2026, 9, 18)


def test_naive_times_are_read_in_the_sources_own_zone(system, read_all):
    lesson = a_lesson(startTime="2026-09-18T22:30:00", endTime="2026-09-18T23:30:00")
    system.rows["/calendarEvents"] = [lesson | {"meta": {"modified": "2026-09-18T10:00:00.123456"}}]
    (row,) = read_all(naive_timezone="UTC")["lessons"]
    assert row["started_at"] == datetime(2026, 9, 18, 22, 30, tzinfo=UTC)
    assert row["school_date"] == date(2026, 9, 19)
    assert row["source_modified_at"] == datetime(2026, 9, 18, 10, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("span", "expected", "minutes"),
    [
        # The hour that comes twice on the last Sunday of October, and the one that is skipped in March.
        ("2026-10-25T01:30:00+02:00 2026-10-25T03:30:00+01:00", "2026-10-24T23:30:00+00:00", 180),
        ("2026-10-25T02:30:00 2026-10-25T03:30:00", "2026-10-25T00:30:00+00:00", 120),
        ("2027-03-28T01:30:00 2027-03-28T03:30:00", "2027-03-28T00:30:00+00:00", 60),
    ],
)
def test_lessons_keep_their_length_over_a_change_of_clocks(system, read_all, span, expected, minutes):
    start, end = span.split()
    system.rows["/calendarEvents"] = [a_lesson(startTime=start, endTime=end)]
    (row,) = read_all()["lessons"]
    assert row["started_at"] == datetime.fromisoformat(expected)
    assert row["lesson_minutes"] == minutes


@pytest.mark.parametrize("meta", [None, {}, {"modified": None}])
def test_a_row_without_meta_is_taken(system, read_all, meta):
    system.rows["/attendances"] = [an_attendance("a", meta=meta), without(an_attendance("b"), "meta")]
    rows = read_all({"attendances": datetime(2026, 9, 18, tzinfo=UTC)})["attendances"]
    assert [row["source_modified_at"] for row in rows] == [None, None]


def test_enums_are_composed_and_unknown_ones_are_taken(system, read_all):
    system.rows["/absences"] = [a_notice(type=decomposed("Anmäld frånvaro"))]
    system.rows["/organisations"] = [a_school("s", schoolTypes=["ANGR"]), a_school("t", organisationType="Förvaltning")]
    tables = read_all()
    assert tables["absence_notices"][0]["notice_type"] == "Anmäld frånvaro"
    assert [row["school_types"] for row in tables["school_units"]] == [["ANGR"]]


def test_activities_and_grades_take_their_subject_from_the_syllabus(system, read_all):
    system.rows["/syllabuses"] = [
        {
            "id": an_id("ma"),
            "schoolType": "GR",
            "subjectCode": "GRGRMAT01",
            "subjectName": "Matematik",
            "official": True,
        }
    ]
    system.rows["/activities"] = [
        {
            "id": an_id("activity"),
            "organisation": {"id": an_id("school")},
            "groups": [{"id": an_id("group g")}],
            "activityType": "Undervisning",
            "syllabus": {"id": an_id("ma")},
            "startDate": "2026-08-17",
        },
        {"id": an_id("lunch"), "organisation": {"id": an_id("school")}, "activityType": "Övrigt"},
    ]
    system.rows["/grades"] = [a_grade("g"), a_grade("h", adaptedStudyPlan="Anpassad studiegång", trial=True)]
    tables = read_all()
    assert [row["subject_name"] for row in tables["activities"]] == ["Matematik", None]
    assert tables["activities"][0]["group_ids"] == [an_id("group g")]
    assert tables["grades"][0]["subject_code"] == "GRGRMAT01"
    assert [row["has_adapted_study_plan"] for row in tables["grades"]] == [False, True]
    assert [row["is_trial"] for row in tables["grades"]] == [False, True]


def test_an_enrolment_is_read_however_its_place_is_spelt(system, read_all):
    (enrolment,) = a_person()["enrolments"]
    mended = without(enrolment, "enroledAt") | {"enrolledAt": {"id": an_id("school")}}
    system.rows["/persons"] = [a_person("p"), a_person("q", enrolments=[mended])]
    assert [row["organisation_id"] for row in read_all()["enrolments"]] == [an_id("school")] * 2


def test_an_enrolment_without_a_place_is_refused(system, read_all):
    (enrolment,) = a_person()["enrolments"]
    system.rows["/persons"] = [a_person(enrolments=[without(enrolment, "enroledAt")])]
    with pytest.raises(SourceShapeError, match=r"/persons: data\[...\].enroledAt"):
        read_all()


def test_a_civic_number_may_come_without_its_object(system, read_all):
    system.rows["/persons"] = [a_person("p"), a_person("q", civicNo="20120803-2381")]
    first, second = read_all()["pupils"]
    assert first["pupil_id"] == second["pupil_id"]


def test_a_grade_is_of_the_unit_that_either_field_names(system, read_all):
    school = {"id": an_id("school")}
    system.rows["/grades"] = [a_grade("g", organisation=school), a_grade("h", schoolUnit=school)]
    assert [row["organisation_id"] for row in read_all()["grades"]] == [an_id("school")] * 2


def test_version_2_0_without_meta_is_landed_without_times_of_change(system, opened, read_all):
    system.rows["/grades"] = [without(a_grade("g"), "meta")]
    system.rows["/persons"] = [without(a_person(), "meta")]
    connector = opened()
    tables = read_all(connector=connector)
    assert [tables[entity][0]["source_modified_at"] for entity in ("grades", "pupils")] == [None, None]
    assert connector.without_meta == {"/grades", "/persons"}


def test_a_missing_field_is_named_with_what_came_instead(system, read_all):
    # Two rows: a key that only one row has might be data, and is not told.
    rows = [an_attendance(rapporterad=True), an_attendance(rapporterad=False)]
    for row in rows:
        del row["isReported"]
    system.rows["/attendances"] = rows
    with pytest.raises(SourceShapeError) as caught:
        read_all()
    message = str(caught.value)
    assert "0180-exempel /attendances" in message
    assert "lacks the field `isReported`" in message
    assert "wanted id, calendarEvent, student, isReported" in message
    assert "rapporterad" in message
    assert "Kanarie" not in message


@pytest.mark.parametrize(
    ("path", "row", "place"),
    [
        ("/attendances", an_attendance(student={"id": 7}), "data[...].student.id"),
        ("/attendances", an_attendance(attendanceMinutes="kanarie"), "data[...].attendanceMinutes"),
        ("/attendances", an_attendance(attendanceMinutes=10**12), "attended_minutes"),
        ("/attendances", an_attendance(isReported=None), "data[...].isReported"),
        ("/attendances", an_attendance(meta={"modified": "kanarie"}), "data[...].meta.modified"),
        ("/calendarEvents", a_lesson(startTime="kanarie"), "data[...].startTime"),
        ("/calendarEvents", a_lesson(startTime=""), "startTime"),
        ("/persons", a_person(civicNo=201208032381), "data[...].civicNo"),
        ("/persons", a_person(enrolments=[{"enroledAt": {"id": "x"}, "schoolType": "GR"}]), "startDate"),
        (
            "/persons",
            a_person(enrolments=[{"enroledAt": {"id": "x"}, "schoolType": "GR", "startDate": "kanarie"}]),
            "startDate",
        ),
    ],
)
def test_a_wrong_value_is_placed_but_never_shown(system, read_all, path, row, place):
    system.rows[path] = [row]
    with pytest.raises(SourceShapeError) as caught:
        read_all()
    shown = "".join(map(str, (caught.value, caught.value.__cause__ or "")))
    assert place in re.sub(r"\[\d+\]", "[...]", shown)
    assert path in shown
    for value in ("kanarie", "Kanarie", "20120803", "1000000000000"):
        assert value not in shown
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_impossible_minutes_are_landed_for_the_door_to_judge(system, read_all):
    system.rows["/attendances"] = [an_attendance(validAbsenceMinutes=-40, invalidAbsenceMinutes=4000)]
    (row,) = read_all()["attendances"]
    assert (row["valid_absence_minutes"], row["invalid_absence_minutes"]) == (-40, 4000)


def a_notice(**changes):
    row = {
        "id": an_id("notice"),
        "meta": {"modified": MODIFIED},
        "startTime": "2026-09-18T08:00:00+02:00",
        "endTime": "2026-09-18T16:00:00+02:00",
        "type": "Anmäld frånvaro",
        "student": {"id": an_id("pupil")},
    }
    return row | changes


def a_grade(name="g", **changes):
    row = {
        "id": an_id(f"grade {name}"),
        "student": {"id": an_id("pupil")},
        "registeredBy": {"id": an_id("teacher")},
        "organisation": {"id": an_id("school")},
        "registeredDate": "2026-06-10",
        "gradeValue": "C",
        "finalGrade": False,
        "adaptedStudyPlan": "",
        "semester": "VT",
        "year": 2026,
        "syllabus": {"id": an_id("ma")},
    }
    return row | changes
