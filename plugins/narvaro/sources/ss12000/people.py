"""Pupils, their enrolments and their groups, as canonical batches."""

from __future__ import annotations

import pyarrow as pa

from narvaro.privacy import is_protected
from narvaro.sources.ss12000.columns import NotAColumnError, batch, closed_code, repeated
from narvaro.sources.ss12000.context import Context
from narvaro.sources.ss12000.reading import Rows
from narvaro.sources.ss12000.times import dates
from narvaro.sources.ss12000.wire import CivicNo, Enrolment, Group, Person


def pupils(page: Rows[Person], context: Context) -> pa.RecordBatch:
    """Give the pupils of a page of persons that hold enrolments."""
    rows = page.rows
    identities = [context.pseudonymiser.pupil_id(_civic_number(row.civic_no), row.id) for row in rows]
    return batch(
        "pupils",
        {
            "person_id": context.pseudonymiser.person_ids([row.id for row in rows]),
            "pupil_id": [pupil_id for pupil_id, _ in identities],
            "identity_type": [kind for _, kind in identities],
            "sex": [closed_code(row.sex) for row in rows],
            "is_protected": [is_protected(row.security_marking) for row in rows],
            "source_modified_at": page.modified,
        },
    )


def enrolments(page: Rows[Person], context: Context) -> pa.RecordBatch:
    """Give the enrolments of a page of persons, one row each."""
    held = [(row.id, enrolment) for row in page.rows for enrolment in row.enrolments or ()]
    return batch(
        "enrolments",
        {
            "person_id": context.pseudonymiser.person_ids([person for person, _ in held]),
            "organisation_id": [_school_unit_id(enrolment) for _, enrolment in held],
            "school_type": [closed_code(enrolment.school_type) for _, enrolment in held],
            "grade": [enrolment.school_year for _, enrolment in held],
            "education_code": [closed_code(enrolment.education_code) for _, enrolment in held],
            "start_date": dates([enrolment.start_date for _, enrolment in held], "startDate"),
            "end_date": dates([enrolment.end_date for _, enrolment in held], "endDate"),
            "is_cancelled": [bool(enrolment.cancelled) for _, enrolment in held],
            "source_modified_at": repeated(page.modified, (len(row.enrolments or ()) for row in page.rows)),
        },
    )


def group_memberships(page: Rows[Group], context: Context) -> pa.RecordBatch:
    """Give the members of a page of groups, and one row without a person for an empty group."""
    held = [(row, member) for row in page.rows for member in row.group_memberships or (None,)]
    people = [member.person if member else None for _, member in held]
    return batch(
        "group_memberships",
        {
            "group_id": [row.id for row, _ in held],
            "group_type": [closed_code(row.group_type) for row, _ in held],
            "organisation_id": [row.organisation.id for row, _ in held],
            "person_id": [context.pseudonymiser.person_id(person.id) if person else None for person in people],
            "start_date": dates([member.start_date if member else None for _, member in held], "startDate"),
            "end_date": dates([member.end_date if member else None for _, member in held], "endDate"),
            "is_protected": [is_protected(person.security_marking) if person else False for person in people],
            "source_modified_at": repeated(page.modified, (len(row.group_memberships or ()) or 1 for row in page.rows)),
        },
    )


def pupils_only(page: Rows[Person]) -> Rows[Person]:
    """Leave out persons without enrolments: staff and guardians are none of our business."""
    places = [place for place, row in enumerate(page.rows) if row.enrolments]
    if len(places) == len(page.rows):
        return page
    return Rows([page.rows[place] for place in places], page.modified.take(pa.array(places, pa.int64())))


def _civic_number(civic_no: CivicNo | str | None) -> str | None:
    """Give a civic number, which some servers send without the object around it."""
    return civic_no.value if isinstance(civic_no, CivicNo) else civic_no


def _school_unit_id(enrolment: Enrolment) -> str:
    """Give where a pupil is enrolled, however the field is spelt."""
    school_unit = enrolment.enroled_at or enrolment.enrolled_at
    if school_unit is None:
        field = "enroledAt"
        raise NotAColumnError(field)
    return school_unit.id
