"""The register, notices of absence and grades, as canonical batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from narvaro.privacy import is_protected
from narvaro.sources.ss12000.columns import batch, closed_code, reference_id
from narvaro.sources.ss12000.context import Context
from narvaro.sources.ss12000.reading import Rows
from narvaro.sources.ss12000.times import dates, utc_times
from narvaro.sources.ss12000.wire import Absence, Attendance, Grade

_NO_PLAN = frozenset({"", "false", "nej", "no", "0"})


def attendances(page: Rows[Attendance], context: Context) -> pa.RecordBatch:
    """Give the register rows of a page."""
    rows = page.rows
    students = [row.student for row in rows]
    return batch(
        "attendances",
        {
            "attendance_id": [row.id for row in rows],
            "lesson_id": [row.calendar_event.id for row in rows],
            "person_id": context.pseudonymiser.person_ids([student.id for student in students]),
            "is_reported": [row.is_reported for row in rows],
            "attended_minutes": [row.attendance_minutes for row in rows],
            "valid_absence_minutes": [row.valid_absence_minutes for row in rows],
            "invalid_absence_minutes": [row.invalid_absence_minutes for row in rows],
            "other_attendance_minutes": [row.other_attendance_minutes for row in rows],
            "reason_code": _reason_codes(rows, context),
            "is_protected": _are_protected([student.security_marking for student in students]),
            "source_modified_at": page.modified,
        },
    )


def absence_notices(page: Rows[Absence], context: Context) -> pa.RecordBatch:
    """Give the notices of absence of a page."""
    rows = page.rows
    return batch(
        "absence_notices",
        {
            "absence_notice_id": [row.id for row in rows],
            "person_id": context.pseudonymiser.person_ids([row.student.id for row in rows]),
            "organisation_id": [reference_id(row.organisation) for row in rows],
            "notice_type": [closed_code(row.type) for row in rows],
            "started_at": utc_times([row.start_time for row in rows], context.naive_timezone, "startTime"),
            "ended_at": utc_times([row.end_time for row in rows], context.naive_timezone, "endTime"),
            "is_protected": [is_protected(row.student.security_marking) for row in rows],
            "source_modified_at": page.modified,
        },
    )


def grades(page: Rows[Grade], context: Context) -> pa.RecordBatch:
    """Give the grades of a page, each with its subject or course."""
    rows = page.rows
    taught = [context.syllabus(row.syllabus.id) for row in rows]
    return batch(
        "grades",
        {
            "grade_id": [row.id for row in rows],
            "person_id": context.pseudonymiser.person_ids([row.student.id for row in rows]),
            "organisation_id": [reference_id(row.organisation or row.school_unit) for row in rows],
            "school_type": [closed_code(syllabus.school_type) for syllabus in taught],
            "subject_code": [closed_code(syllabus.subject_code) for syllabus in taught],
            "course_code": [closed_code(syllabus.course_code) for syllabus in taught],
            "grade_value": [closed_code(row.grade_value) for row in rows],
            "registered_date": dates([row.registered_date for row in rows], "registeredDate"),
            "semester": [closed_code(row.semester) for row in rows],
            "calendar_year": [row.year for row in rows],
            "is_final": [bool(row.final_grade) for row in rows],
            "is_trial": [bool(row.trial) for row in rows],
            "is_converted": [bool(row.converted) for row in rows],
            "has_adapted_study_plan": [_has_plan(row.adapted_study_plan) for row in rows],
            "correction_type": [closed_code(row.correction_type) for row in rows],
            "is_protected": [is_protected(row.student.security_marking) for row in rows],
            "source_modified_at": page.modified,
        },
    )


def _reason_codes(rows: Sequence[Attendance], context: Context) -> pa.Array | list[str | None]:
    """Give the coarse reasons of register rows; none at all unless the county keeps them for this source."""
    if context.reasons is None:
        return pa.nulls(len(rows), pa.string())
    return [context.reasons.code_of(row.absence_reason) for row in rows]


def _are_protected(markings: Sequence[Any]) -> list[bool]:
    """Tell of many marks which protect; where all are one of the two usual ones, without a look at each."""
    if markings.count("Ingen") + markings.count(None) == len(markings):
        return [False] * len(markings)
    return [is_protected(marking) for marking in markings]


def _has_plan(plan: object) -> bool:
    """Tell whether a text about an adapted study plan says that there is one."""
    return plan is not None and str(plan).strip().casefold() not in _NO_PLAN
