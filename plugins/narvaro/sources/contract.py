"""What every connector yields: the canonical entities, as Arrow schemas.

A connector gives batches of these and nothing else, already minimised and
pseudonymised: a field that is not named here never leaves memory.
Times are UTC, `school_date` is the local date of the county, minutes are integers,
codes are text in Unicode NFC. `source_modified_at` is the source's own time of the
row's last change, null where the source keeps none. `is_protected` on a row that
refers to a person says whether that very reference was marked as protected identity.
"""

from __future__ import annotations

import pyarrow as pa

_ID = pa.string()
_CODE = pa.string()
_NAME = pa.string()
_MINUTES = pa.int32()
_FLAG = pa.bool_()
_DATE = pa.date32()
_TIME = pa.timestamp("us", tz="UTC")
_MODIFIED = pa.field("source_modified_at", _TIME)


# Null in loads that landed before there was such a column.
_ADDED_LATER = {"added_later": "yes"}


def _schema(*fields: tuple[str, pa.DataType] | pa.Field) -> pa.Schema:
    """Give the schema of one entity, closed by the source's time of change."""
    named = (field if isinstance(field, pa.Field) else pa.field(*field) for field in fields)
    return pa.schema([*named, _MODIFIED])


ENTITIES: dict[str, pa.Schema] = {
    # One row per school unit of the source.
    "school_units": _schema(
        ("organisation_id", _ID),
        ("school_unit_code", _CODE),
        ("municipality_code", _CODE),
        ("school_unit_name", _NAME),
        ("school_types", pa.list_(_CODE)),
        ("start_date", _DATE),
        ("end_date", _DATE),
    ),
    # One row per person record with a pupil's enrolment. Both ids are keyed pseudonyms:
    # person_id stands for the source's record, pupil_id for the human being.
    "pupils": _schema(
        ("person_id", _ID),
        ("pupil_id", _ID),
        ("identity_type", _CODE),
        ("sex", _CODE),
        ("is_protected", _FLAG),
    ),
    # One row per person record and enrolment; a person's newest load replaces all its enrolments.
    "enrolments": _schema(
        ("person_id", _ID),
        ("organisation_id", _ID),
        ("school_type", _CODE),
        ("grade", pa.int32()),
        ("education_code", _CODE),
        ("start_date", _DATE),
        ("end_date", _DATE),
        ("is_cancelled", _FLAG),
    ),
    # One row per group and member, and one with a null person_id for an empty group;
    # a group's newest load replaces all its members.
    "group_memberships": _schema(
        ("group_id", _ID),
        ("group_type", _CODE),
        ("organisation_id", _ID),
        ("person_id", _ID),
        ("start_date", _DATE),
        ("end_date", _DATE),
        ("is_protected", _FLAG),
    ),
    # One row per activity (a subject's or course's teaching of some groups); read whole every night.
    "activities": _schema(
        ("activity_id", _ID),
        ("activity_type", _CODE),
        ("organisation_id", _ID),
        ("group_ids", pa.list_(_ID)),
        ("subject_code", _CODE),
        ("subject_name", _NAME),
        ("course_code", _CODE),
        ("start_date", _DATE),
        ("end_date", _DATE),
    ),
    # One row per lesson (calendar event). lesson_minutes is the pupils' teaching length.
    "lessons": _schema(
        ("lesson_id", _ID),
        ("activity_id", _ID),
        ("school_date", _DATE),
        ("started_at", _TIME),
        ("ended_at", _TIME),
        ("lesson_minutes", _MINUTES),
        ("is_cancelled", _FLAG),
    ),
    # One row per pupil and lesson with a register entry. Null minutes: the source sent none.
    "attendances": _schema(
        ("attendance_id", _ID),
        ("lesson_id", _ID),
        ("person_id", _ID),
        ("is_reported", _FLAG),
        ("attended_minutes", _MINUTES),
        ("valid_absence_minutes", _MINUTES),
        ("invalid_absence_minutes", _MINUTES),
        ("other_attendance_minutes", _MINUTES),
        # The coarse code of a written reason, null unless the source's `reasons` says coarse.
        pa.field("reason_code", _CODE, metadata=_ADDED_LATER),
        ("is_protected", _FLAG),
    ),
    # One row per pupil, activity and asked span: the source's own sums of minutes, read as control totals.
    "aggregated_attendances": _schema(
        ("activity_id", _ID),
        ("person_id", _ID),
        ("start_date", _DATE),
        ("end_date", _DATE),
        ("attended_minutes", _MINUTES),
        ("valid_absence_minutes", _MINUTES),
        ("invalid_absence_minutes", _MINUTES),
        ("other_attendance_minutes", _MINUTES),
        ("reported_minutes", _MINUTES),
        ("offered_minutes", _MINUTES),
        ("is_protected", _FLAG),
    ),
    # One row per notice of absence given in advance; input to the register, never added to it.
    "absence_notices": _schema(
        ("absence_notice_id", _ID),
        ("person_id", _ID),
        ("organisation_id", _ID),
        ("notice_type", _CODE),
        ("started_at", _TIME),
        ("ended_at", _TIME),
        ("is_protected", _FLAG),
    ),
    # One row per registered grade.
    "grades": _schema(
        ("grade_id", _ID),
        ("person_id", _ID),
        ("organisation_id", _ID),
        ("school_type", _CODE),
        ("subject_code", _CODE),
        ("course_code", _CODE),
        ("grade_value", _CODE),
        ("registered_date", _DATE),
        ("semester", _CODE),
        ("calendar_year", pa.int32()),
        ("is_final", _FLAG),
        ("is_trial", _FLAG),
        ("is_converted", _FLAG),
        ("has_adapted_study_plan", _FLAG),
        ("correction_type", _CODE),
        ("is_protected", _FLAG),
    ),
    # One row per id that the source says it has deleted (origin told), or that a whole read no longer
    # found (origin inferred); record_id is keyed where entity is "pupils".
    "deletions": _schema(
        ("entity", _CODE),
        ("record_id", _ID),
        ("origin", _CODE),
    ),
}

# Stamped on every landed row; not part of what a connector yields.
PROVENANCE = (
    pa.field("_source", pa.string()),
    pa.field("_load_id", pa.string()),
    pa.field("_row", pa.int64()),
)

# The column that names a row of the entity in the source's own system, for letters and deletions.
RECORD_ID: dict[str, str] = {
    "school_units": "organisation_id",
    "pupils": "person_id",
    "enrolments": "person_id",
    "group_memberships": "group_id",
    "activities": "activity_id",
    "lessons": "lesson_id",
    "attendances": "attendance_id",
    "aggregated_attendances": "activity_id",
    "absence_notices": "absence_notice_id",
    "grades": "grade_id",
    "deletions": "record_id",
}
