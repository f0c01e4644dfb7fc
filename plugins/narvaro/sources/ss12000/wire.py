"""The shapes of SS 12000 answers, with only the fields that the contract has a use for.

Whatever else a server sends is skipped by the decoder and never becomes an object.
Fields without a default are the ones we cannot do without; versions 2.0 and 2.1 both fit.
"""

from __future__ import annotations

from typing import Any

from msgspec import Raw, Struct, field


class Meta(Struct, gc=False, rename="camel"):
    """When an object was last changed at its source."""

    modified: str | None = None


class Reference(Struct, gc=False, rename="camel"):
    """A reference to another object."""

    id: str


class PersonReference(Struct, gc=False, rename="camel"):
    """A reference to a person; the mark may be of any type and then protects."""

    id: str
    security_marking: Any = None


class Row(Struct, gc=False, rename="camel"):
    """What every listed object has."""

    id: str
    meta: Meta | None = None


class Organisation(Row, gc=False, rename="camel", kw_only=True):
    """An organisation; a school unit is one of type Skolenhet."""

    organisation_type: str
    display_name: str | None = None
    school_unit_code: str | None = None
    municipality_code: str | None = None
    school_types: list[str] | None = None
    start_date: str | None = None
    end_date: str | None = None


class CivicNo(Struct, gc=False, rename="camel"):
    """A civic number in whatever spelling the source keeps."""

    value: str | None = None


class Enrolment(Struct, gc=False, rename="camel", kw_only=True):
    """A pupil's enrolment at a school unit; the standard spells it `enroledAt`, some servers mend that."""

    enroled_at: Reference | None = None
    enrolled_at: Reference | None = None
    school_type: str
    start_date: str
    end_date: str | None = None
    school_year: int | None = None
    cancelled: bool | None = None
    education_code: str | None = None


class Person(Row, gc=False, rename="camel"):
    """A person; names, addresses and contacts are not even decoded."""

    civic_no: CivicNo | str | None = None
    sex: str | None = None
    security_marking: Any = None
    enrolments: list[Enrolment] | None = None


class Membership(Struct, gc=False, rename="camel"):
    """A person's time in a group."""

    person: PersonReference
    start_date: str | None = None
    end_date: str | None = None


class Group(Row, gc=False, rename="camel", kw_only=True):
    """A group of pupils."""

    organisation: Reference
    group_type: str | None = None
    group_memberships: list[Membership] | None = None


class Syllabus(Row, gc=False, rename="camel"):
    """What is taught: a subject or a course."""

    school_type: str | None = None
    subject_code: str | None = None
    subject_name: str | None = None
    course_code: str | None = None


class Activity(Row, gc=False, rename="camel", kw_only=True):
    """The teaching of some groups."""

    organisation: Reference
    groups: list[Reference] | None = None
    activity_type: str | None = None
    syllabus: Reference | None = None
    start_date: str | None = None
    end_date: str | None = None


class CalendarEvent(Row, gc=False, rename="camel", kw_only=True):
    """A lesson."""

    activity: Reference
    start_time: str
    end_time: str
    cancelled: bool | None = None
    teaching_length_student: int | None = None


class Attendance(Row, gc=False, rename="camel", kw_only=True):
    """One pupil in the register of one lesson."""

    calendar_event: Reference
    student: PersonReference
    is_reported: bool
    attendance_minutes: int | None = None
    valid_absence_minutes: int | None = None
    invalid_absence_minutes: int | None = None
    other_attendance_minutes: int | None = None
    # Left as bytes: a text only where the county keeps coarse reasons, and then within one call.
    absence_reason: Raw = field(default_factory=Raw)


class Absence(Row, gc=False, rename="camel", kw_only=True):
    """A notice of absence, given in advance."""

    student: PersonReference
    start_time: str
    end_time: str
    type: str
    organisation: Reference | None = None


class Grade(Row, gc=False, rename="camel", kw_only=True):
    """A registered grade."""

    student: PersonReference
    syllabus: Reference
    registered_date: str
    grade_value: str
    organisation: Reference | None = None
    # What the document's own list of required fields calls the organisation.
    school_unit: Reference | None = None
    final_grade: bool | None = None
    trial: bool | None = None
    converted: bool | None = None
    adapted_study_plan: Any = None
    correction_type: str | None = None
    semester: str | None = None
    year: int | None = None


class EmbeddedAttendance(Attendance, gc=False, rename="camel", kw_only=True):
    """One pupil in the register of the lesson that it came inside, which it need not name."""

    calendar_event: Reference = field(default_factory=lambda: Reference(""))


class Embedded(Struct, gc=False, rename="camel"):
    """What came inside a lesson; None: the server has no such thing."""

    attendance: list[EmbeddedAttendance] | None = None


class ExpandedCalendarEvent(CalendarEvent, gc=False, rename="camel", kw_only=True):
    """A lesson with its register inside."""

    embedded: Embedded | None = field(default=None, name="_embedded")


class AggregatedAttendance(Struct, gc=False, rename="camel", kw_only=True):
    """A pupil's sums of minutes in one activity and span of days; has neither id nor `meta`."""

    activity: Reference
    student: PersonReference
    start_date: str
    end_date: str
    attendance_sum: int
    valid_absence_sum: int | None = None
    invalid_absence_sum: int | None = None
    other_attendance_sum: int | None = None
    reported_sum: int | None = None
    offered_sum: int | None = None


class DeletedEntity(Struct, gc=False, rename="camel"):
    """One deletion in the flat shape that some servers send."""

    id: str
    entity_type: str | None = None
    type: str | None = None
    deleted_at: str | None = None


class Identified(Struct, gc=False, rename="camel"):
    """Any object, of which only the id matters."""

    id: str


class Envelope(Struct, gc=False, rename="camel"):
    """A page with its rows left undecoded."""

    data: Raw
    page_token: str | int | None = None


class Refusal(Struct, gc=False, rename="camel"):
    """An error body; only the vendor's code, for its message may hold what we asked about."""

    code: str | int | None = None
