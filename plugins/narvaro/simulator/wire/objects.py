"""The objects of the standard that are written one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from narvaro.simulator import vocabulary
from narvaro.simulator.calendar import date_of
from narvaro.simulator.randomness import uuid, uuids
from narvaro.simulator.side_records import GRADE_VALUES
from narvaro.simulator.subjects import NO_SUBJECT, SUBJECTS
from narvaro.simulator.tables import ACTIVITY_TYPES, FORMS, MARKINGS, OPEN_DAY, SEXES, UNKNOWN_GRADE
from narvaro.simulator.wire.style import style_of

if TYPE_CHECKING:
    from narvaro.simulator.tables import Int64
    from narvaro.simulator.wire.view import View

GROUP_TYPES = ("Klass", "Undervisning", "Personalgrupp")
STAFF_PER_UNIT = 8
Object = dict[str, Any]


class Writer:
    """Writes the objects of one source at one moment."""

    def __init__(self, view: View, place: int, *, has_names: bool = False) -> None:
        self.view, self.world, self.place, self.has_names = view, view.world, place, has_names
        self.seed = view.world.config.seed
        self.style = style_of(place)

    def moment(self, seconds: int) -> str:
        """Write a moment as the source does."""
        zone = self.world.timezone if self.style.has_local_times else UTC
        return datetime.fromtimestamp(int(seconds), zone).isoformat().replace("+00:00", "Z")

    def offset_seconds(self, seconds: Int64) -> Int64:
        """Give the county's distance to UTC at several moments."""
        hours, place = np.unique(seconds // 3600, return_inverse=True)
        offsets = [datetime.fromtimestamp(hour * 3600, self.world.timezone).utcoffset() for hour in hours.tolist()]
        return np.array([int(offset.total_seconds()) for offset in offsets if offset is not None], np.int64)[place]

    def meta(self, created_at: int, modified_at: int) -> Object:
        """Write when an object was made and last changed."""
        return {"created": self.moment(created_at), "modified": self.moment(modified_at)}

    def person_reference(self, person: int) -> Object:
        """Refer to a pupil, marked when the identity is protected."""
        reference: Object = {"id": uuid(self.seed, "person", person)}
        marking = int(self.view.marking[person]) or int(self.world.persons.is_marked_on_references[person])
        if marking:
            reference["securityMarking"] = MARKINGS[marking]
        if self.has_names:
            reference["displayName"] = f"{vocabulary.given_name(person)} {vocabulary.family_name(person)}"
        return reference

    def owner(self) -> Object:
        """Write the source's owner."""
        source = self.world.sources[self.place]
        return {
            "id": uuid(self.seed, "owner", self.place),
            "meta": self.meta(self.world.opened_at, self.world.opened_at),
            "displayName": source.owner_name,
            "organisationNumber": source.owner_id,
            "organisationType": "Huvudman",
        }

    def unit(self, unit: int) -> Object:
        """Write a school unit."""
        units = self.world.units
        return {
            "id": uuid(self.seed, "organisation", unit),
            "meta": self.meta(self.world.opened_at, self.world.opened_at),
            "displayName": units.name[unit],
            "organisationType": "Skolenhet",
            "parentOrganisation": {"id": uuid(self.seed, "owner", self.place)},
            "schoolUnitCode": units.code[unit],
            "schoolTypes": [FORMS[units.form[unit]]],
            "municipalityCode": units.municipality_code[unit],
            "startDate": "2012-07-01",
        }

    def person(self, person: int) -> Object:
        """Write a pupil's record, with all that a school keeps and the county must not."""
        persons = self.world.persons
        record: Object = {
            "id": uuid(self.seed, "person", person),
            "meta": self.meta(persons.created_at[person], self.view.person_modified_at[person]),
            "givenName": vocabulary.given_name(person),
            "familyName": vocabulary.family_name(person),
            "birthDate": date_of(persons.birth_day[person]).isoformat(),
            "personStatus": "Aktiv",
            "emails": [{"value": vocabulary.email(person), "type": "Skola elev"}],
            "phoneNumbers": [{"value": vocabulary.phone(person), "type": "Hem", "mobile": True}],
            "addresses": [
                {
                    "type": "Folkbokföring",
                    "streetAddress": vocabulary.street_address(person),
                    "locality": vocabulary.LOCALITY,
                    "postalCode": "100 05",
                    "country": "Sverige",
                }
            ],
            "enrolments": self._enrolments(person),
        }
        number = persons.civic_number[person]
        if number is not None:
            record["civicNo"] = {"value": self._spelled(number), "nationality": "SE"}
        if (sex := SEXES[persons.sex[person]]) is not None:
            record["sex"] = sex
        marking = int(self.view.marking[person])
        if marking or self.style.says_unmarked:
            record["securityMarking"] = MARKINGS[marking]
        return record

    def _spelled(self, number: str) -> str:
        """Write a civic number as the source does."""
        if self.style.civic_spelling == "dashed":
            return f"{number[:8]}-{number[8:]}"
        if self.style.civic_spelling == "short":
            return f"{number[2:8]}-{number[8:]}"
        return number

    def _enrolments(self, person: int) -> list[Object]:
        """Write a pupil's enrolments, as far as they are known."""
        enrolments = self.world.enrolments
        first, last = np.searchsorted(enrolments.person, [person, person + 1])
        return [self._enrolment(row) for row in range(first, last) if enrolments.known_at[row] <= self.view.clock]

    def _enrolment(self, row: int) -> Object:
        """Write one enrolment."""
        enrolments = self.world.enrolments
        enrolment: Object = {
            "enroledAt": {"id": uuid(self.seed, "organisation", int(enrolments.unit[row]))},
            "schoolType": FORMS[enrolments.form[row]],
            "startDate": date_of(enrolments.start_day[row]).isoformat(),
        }
        if enrolments.grade[row] != UNKNOWN_GRADE:
            enrolment["schoolYear"] = int(enrolments.grade[row])
        if (end_day := int(self.view.enrolment_end_day[row])) != OPEN_DAY:
            enrolment["endDate"] = date_of(end_day).isoformat()
        if enrolments.is_cancelled[row]:
            enrolment["cancelled"] = True
        if FORMS[enrolments.form[row]] == "GY":
            enrolment["educationCode"] = "SA25S"
        return enrolment

    def staff(self, number: int) -> Object:
        """Write a teacher's record; `number` counts eight to each unit."""
        return {
            "id": uuid(self.seed, "staff", number),
            "meta": self.meta(self.world.opened_at, self.world.opened_at),
            "givenName": vocabulary.given_name(number + 5),
            "familyName": vocabulary.family_name(number * 7),
            "emails": [{"value": f"personal.{vocabulary.email(number)}", "type": "Skola personal"}],
        }

    def group(self, group: int) -> Object:
        """Write a group and its members, as far as they are known."""
        groups, unit = self.world.groups, int(self.world.groups.unit[group])
        kind = GROUP_TYPES[groups.kind[group]]
        return {
            "id": uuid(self.seed, "group", group),
            "meta": self.meta(self.world.opened_at, self.view.group_modified_at[group]),
            "displayName": groups.name[group],
            "groupType": kind,
            "schoolType": FORMS[self.world.units.form[unit]],
            "organisation": {"id": uuid(self.seed, "organisation", unit)},
            "startDate": date_of(self._first_day).isoformat(),
            "groupMemberships": self._staff_members(unit) if kind == "Personalgrupp" else self._members(group),
        }

    @property
    def _first_day(self) -> int:
        """The day when groups and activities begin."""
        return (self.world.config.start_date - timedelta(days=3) - date_of(0)).days

    def _members(self, group: int) -> list[Object]:
        """Write the pupils of a group."""
        memberships, view = self.world.memberships, self.view
        first, last = np.searchsorted(memberships.group, [group, group + 1])
        members = []
        for row in range(first, last):
            if memberships.known_at[row] > view.clock:
                continue
            member: Object = {
                "person": self.person_reference(int(memberships.person[row])),
                "startDate": date_of(memberships.start_day[row]).isoformat(),
            }
            if (end_day := int(view.membership_end_day[row])) != OPEN_DAY:
                member["endDate"] = date_of(end_day).isoformat()
            members.append(member)
        return members

    def _staff_members(self, unit: int) -> list[Object]:
        """Write the teachers of a unit."""
        numbers = np.arange(STAFF_PER_UNIT) + unit * STAFF_PER_UNIT
        return [{"person": {"id": identity}} for identity in uuids(self.seed, "staff", numbers)]

    def activity(self, activity: int) -> Object:
        """Write an activity."""
        activities = self.world.activities
        kind, subject = ACTIVITY_TYPES[activities.kind[activity]], int(activities.subject[activity])
        groups = [int(activities.first_group[activity]), int(activities.second_group[activity])]
        names = {"Elevaktivitet": "Klassråd", "Övrigt": "Lunch", "Läraraktivitet": "Arbetsplatsträff"}
        record: Object = {
            "id": uuid(self.seed, "activity", activity),
            "meta": self.meta(self.world.opened_at, self.world.opened_at),
            "displayName": names[kind] if subject == NO_SUBJECT else SUBJECTS[subject].course_name or SUBJECTS[subject].name,
            "calendarEventsRequired": kind == "Undervisning",
            "activityType": kind,
            "startDate": date_of(self._first_day).isoformat(),
            "groups": [{"id": uuid(self.seed, "group", group)} for group in groups if group >= 0],
            "organisation": {"id": uuid(self.seed, "organisation", int(activities.unit[activity]))},
        }
        if subject != NO_SUBJECT:
            record["syllabus"] = {"id": uuid(self.seed, "syllabus", subject)}
        return record

    def syllabus(self, number: int) -> Object:
        """Write a subject or course."""
        subject = SUBJECTS[number]
        record: Object = {
            "id": uuid(self.seed, "syllabus", number),
            "meta": self.meta(self.world.opened_at, self.world.opened_at),
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

    def notice(self, number: int) -> Object:
        """Write absence that was reported in advance."""
        notices = self.world.notices
        return {
            "id": uuid(self.seed, "absence", number),
            "meta": self.meta(notices.created_at[number], notices.created_at[number]),
            "student": self.person_reference(int(notices.person[number])),
            "organisation": {"id": uuid(self.seed, "organisation", int(notices.unit[number]))},
            "startTime": self.moment(notices.started_at[number]),
            "endTime": self.moment(notices.ended_at[number]),
            "type": "Beviljad ledighet" if notices.is_leave[number] else "Anmäld frånvaro",
        }

    def grade(self, number: int) -> Object:
        """Write a registered grade."""
        grades, unit = self.world.grades, int(self.world.grades.unit[number])
        day = date_of(grades.day[number])
        teacher = {"id": uuid(self.seed, "staff", unit * STAFF_PER_UNIT + int(grades.subject[number]) % STAFF_PER_UNIT)}
        record: Object = {
            "id": uuid(self.seed, "grade", number),
            "meta": self.meta(grades.created_at[number], grades.created_at[number]),
            "student": self.person_reference(int(grades.person[number])),
            "organisation": {"id": uuid(self.seed, "organisation", unit)},
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
            "syllabus": {"id": uuid(self.seed, "syllabus", int(grades.subject[number]))},
        }
        if grades.is_changed[number]:
            record["correctionType"] = "Ändring"
        return record
