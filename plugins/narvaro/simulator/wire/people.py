"""Pupils, staff and their groups, as objects of the standard."""

from __future__ import annotations

import numpy as np

from narvaro.simulator import vocabulary
from narvaro.simulator.calendar import date_of
from narvaro.simulator.randomness import uuid, uuids
from narvaro.simulator.tables import FORMS, MARKINGS, OPEN_DAY, SEXES, UNKNOWN_GRADE
from narvaro.simulator.wire.writer import STAFF_PER_UNIT, Object, Writer

GROUP_TYPES = ("Klass", "Undervisning", "Personalgrupp")


def person(writer: Writer, person: int) -> Object:
    """Write a pupil's record, with all that a school keeps and the county must not."""
    persons = writer.world.persons
    record: Object = {
        "id": uuid(writer.seed, "person", person),
        "meta": writer.meta(persons.created_at[person], writer.view.person_modified_at[person]),
        "givenName": vocabulary.given_name(person),
        "familyName": vocabulary.family_name(person),
        "birthDate": date_of(persons.birth_day[person]).isoformat(),
        "personStatus": "Aktiv",
        **_contacts(person),
        "enrolments": _enrolments(writer, person),
    }
    number = persons.civic_number[person]
    if number is not None:
        record["civicNo"] = {"value": _spelled(writer, number), "nationality": "SE"}
    if (sex := SEXES[persons.sex[person]]) is not None:
        record["sex"] = sex
    marking = int(writer.view.marking[person])
    if marking or writer.style.says_unmarked:
        record["securityMarking"] = MARKINGS[marking]
    return record


def _contacts(person: int) -> Object:
    """Write how a pupil is reached."""
    return {
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
    }


def _spelled(writer: Writer, number: str) -> str:
    """Write a civic number as the source does."""
    if writer.style.civic_spelling == "dashed":
        return f"{number[:8]}-{number[8:]}"
    if writer.style.civic_spelling == "short":
        return f"{number[2:8]}-{number[8:]}"
    return number


def _enrolments(writer: Writer, person: int) -> list[Object]:
    """Write a pupil's enrolments, as far as they are known."""
    enrolments = writer.world.enrolments
    first, last = np.searchsorted(enrolments.person, [person, person + 1])
    return [_enrolment(writer, row) for row in range(first, last) if enrolments.known_at[row] <= writer.view.clock]


def _enrolment(writer: Writer, row: int) -> Object:
    """Write one enrolment."""
    enrolments = writer.world.enrolments
    enrolment: Object = {
        "enroledAt": {"id": uuid(writer.seed, "organisation", int(enrolments.unit[row]))},
        "schoolType": FORMS[enrolments.form[row]],
        "startDate": date_of(enrolments.start_day[row]).isoformat(),
    }
    if enrolments.grade[row] != UNKNOWN_GRADE:
        enrolment["schoolYear"] = int(enrolments.grade[row])
    if (end_day := int(writer.view.enrolment_end_day[row])) != OPEN_DAY:
        enrolment["endDate"] = date_of(end_day).isoformat()
    if enrolments.is_cancelled[row]:
        enrolment["cancelled"] = True
    if FORMS[enrolments.form[row]] == "GY":
        enrolment["educationCode"] = "SA25S"
    return enrolment


def staff(writer: Writer, number: int) -> Object:
    """Write a teacher's record; `number` counts eight to each unit."""
    return {
        "id": uuid(writer.seed, "staff", number),
        "meta": writer.meta(writer.world.opened_at, writer.world.opened_at),
        "givenName": vocabulary.given_name(number + 5),
        "familyName": vocabulary.family_name(number * 7),
        "emails": [{"value": f"personal.{vocabulary.email(number)}", "type": "Skola personal"}],
    }


def group(writer: Writer, group: int) -> Object:
    """Write a group and its members, as far as they are known."""
    groups, unit = writer.world.groups, int(writer.world.groups.unit[group])
    kind = GROUP_TYPES[groups.kind[group]]
    return {
        "id": uuid(writer.seed, "group", group),
        "meta": writer.meta(writer.world.opened_at, writer.view.group_modified_at[group]),
        "displayName": groups.name[group],
        "groupType": kind,
        "schoolType": FORMS[writer.world.units.form[unit]],
        "organisation": {"id": uuid(writer.seed, "organisation", unit)},
        "startDate": writer.first_day,
        "groupMemberships": _staff_members(writer, unit) if kind == "Personalgrupp" else _members(writer, group),
    }


def _members(writer: Writer, group: int) -> list[Object]:
    """Write the pupils of a group."""
    memberships, view = writer.world.memberships, writer.view
    first, last = np.searchsorted(memberships.group, [group, group + 1])
    members = []
    for row in range(first, last):
        if memberships.known_at[row] > view.clock:
            continue
        member: Object = {
            "person": writer.person_reference(int(memberships.person[row])),
            "startDate": date_of(memberships.start_day[row]).isoformat(),
        }
        if (end_day := int(view.membership_end_day[row])) != OPEN_DAY:
            member["endDate"] = date_of(end_day).isoformat()
        members.append(member)
    return members


def _staff_members(writer: Writer, unit: int) -> list[Object]:
    """Write the teachers of a unit."""
    numbers = np.arange(STAFF_PER_UNIT) + unit * STAFF_PER_UNIT
    return [{"person": {"id": identity}} for identity in uuids(writer.seed, "staff", numbers)]
