"""Places, teaching, notices and grades, as objects of the standard."""

from __future__ import annotations

from narvaro.simulator.calendar import date_of
from narvaro.simulator.randomness import uuid
from narvaro.simulator.side_records import GRADE_VALUES
from narvaro.simulator.subjects import NO_SUBJECT, SUBJECTS
from narvaro.simulator.tables import ACTIVITY_TYPES, FORMS
from narvaro.simulator.wire.writer import STAFF_PER_UNIT, Object, Writer


def owner(writer: Writer) -> Object:
    """Write the source's owner."""
    source = writer.world.sources[writer.place]
    return {
        "id": uuid(writer.seed, "owner", writer.place),
        "meta": writer.meta(writer.world.opened_at, writer.world.opened_at),
        "displayName": source.owner_name,
        "organisationNumber": source.owner_id,
        "organisationType": "Huvudman",
    }


def unit(writer: Writer, unit: int) -> Object:
    """Write a school unit."""
    units = writer.world.units
    return {
        "id": uuid(writer.seed, "organisation", unit),
        "meta": writer.meta(writer.world.opened_at, writer.world.opened_at),
        "displayName": units.name[unit],
        "organisationType": "Skolenhet",
        "parentOrganisation": {"id": uuid(writer.seed, "owner", writer.place)},
        "schoolUnitCode": units.code[unit],
        "schoolTypes": [FORMS[units.form[unit]]],
        "municipalityCode": units.municipality_code[unit],
        "startDate": "2012-07-01",
    }


def activity(writer: Writer, activity: int) -> Object:
    """Write an activity."""
    activities = writer.world.activities
    kind, subject = ACTIVITY_TYPES[activities.kind[activity]], int(activities.subject[activity])
    groups = [int(activities.first_group[activity]), int(activities.second_group[activity])]
    names = {"Elevaktivitet": "Klassråd", "Övrigt": "Lunch", "Läraraktivitet": "Arbetsplatsträff"}
    record: Object = {
        "id": uuid(writer.seed, "activity", activity),
        "meta": writer.meta(writer.world.opened_at, writer.world.opened_at),
        "displayName": names[kind]
        if subject == NO_SUBJECT
        else SUBJECTS[subject].course_name or SUBJECTS[subject].name,
        "calendarEventsRequired": kind == "Undervisning",
        "activityType": kind,
        "startDate": writer.first_day,
        "groups": [{"id": uuid(writer.seed, "group", group)} for group in groups if group >= 0],
        "organisation": {"id": uuid(writer.seed, "organisation", int(activities.unit[activity]))},
    }
    if subject != NO_SUBJECT:
        record["syllabus"] = {"id": uuid(writer.seed, "syllabus", subject)}
    return record


def syllabus(writer: Writer, number: int) -> Object:
    """Write a subject or course."""
    subject = SUBJECTS[number]
    record: Object = {
        "id": uuid(writer.seed, "syllabus", number),
        "meta": writer.meta(writer.world.opened_at, writer.world.opened_at),
        "schoolType": subject.school_type,
        "subjectCode": subject.code,
        "subjectDesignation": subject.designation,
        "subjectName": subject.name,
        "official": True,
        "curriculum": "GY2011" if subject.course_code else "GR2011",
    }
    if subject.course_code:
        record |= {"courseCode": subject.course_code, "courseName": subject.course_name, "points": subject.points}
    else:
        record |= {"startSchoolYear": 1, "endSchoolYear": 9}
    return record


def notice(writer: Writer, number: int) -> Object:
    """Write absence that was reported in advance."""
    notices = writer.world.notices
    return {
        "id": uuid(writer.seed, "absence", number),
        "meta": writer.meta(notices.created_at[number], notices.created_at[number]),
        "student": writer.person_reference(int(notices.person[number])),
        "organisation": {"id": uuid(writer.seed, "organisation", int(notices.unit[number]))},
        "startTime": writer.moment(notices.started_at[number]),
        "endTime": writer.moment(notices.ended_at[number]),
        "type": "Beviljad ledighet" if notices.is_leave[number] else "Anmäld frånvaro",
    }


def grade(writer: Writer, number: int) -> Object:
    """Write a registered grade."""
    grades, unit = writer.world.grades, int(writer.world.grades.unit[number])
    day = date_of(grades.day[number])
    teacher = {"id": uuid(writer.seed, "staff", unit * STAFF_PER_UNIT + int(grades.subject[number]) % STAFF_PER_UNIT)}
    record: Object = {
        "id": uuid(writer.seed, "grade", number),
        "meta": writer.meta(grades.created_at[number], grades.created_at[number]),
        "student": writer.person_reference(int(grades.person[number])),
        "organisation": {"id": uuid(writer.seed, "organisation", unit)},
        "registeredBy": teacher,
        "gradingTeacher": teacher,
        "registeredDate": day.isoformat(),
        "gradeValue": GRADE_VALUES[grades.value[number]],
        "finalGrade": bool(grades.is_final[number]),
        "trial": False,
        "converted": False,
        "adaptedStudyPlan": "",
        "semester": "VT",
        "year": day.year,
        "syllabus": {"id": uuid(writer.seed, "syllabus", int(grades.subject[number]))},
    }
    if grades.is_changed[number]:
        record["correctionType"] = "Ändring"
    return record
