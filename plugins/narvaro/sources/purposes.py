"""Why each canonical field is kept, what kind of data it is, and with what it is removed.

A field without an entry here is not landed: `refuse_unstated` stands between the connectors and
the landing. docs/privacy.md is made from these entries.
No entity has a birth date: no statistic needs one. A reason of absence is free text at the source
and a statistic needs none either, so nothing of it is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from narvaro.errors import PrivacyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Purpose(StrEnum):
    """What a field is needed for; one without any of these is not read."""

    JOIN = "join"
    PLACE = "place"
    TIME = "time"
    MEASURE = "measure"
    PROTECT = "protect"
    VERIFY = "verify"


class Category(StrEnum):
    """What kind of data a field is, as the General Data Protection Regulation (GDPR) sees it."""

    PSEUDONYM = "pseudonym"
    PRESENCE = "presence"
    HEALTH = "health"
    SCHOOLING = "schooling"
    PERSONAL = "personal"
    RECORD = "record"
    SCHOOL = "school"


class Retention(StrEnum):
    """With what a row is removed; the periods stand in the county's configuration."""

    LESSON_FACTS = "lesson_facts"
    REGISTER = "register"
    GRADES = "grades"
    KEPT = "kept"


PURPOSE_MEANINGS: Mapping[Purpose, str] = {
    Purpose.JOIN: "puts rows together: which lesson, whose register, the same pupil in two sources",
    Purpose.PLACE: "says in which cell a row counts: municipality, owner, unit, school form, grade, sex, subject",
    Purpose.TIME: "says on which days, and so in which week and term, a row counts",
    Purpose.MEASURE: "is what is counted: minutes scheduled, offered and missed, grades",
    Purpose.PROTECT: "keeps pupils with protected identity out of the figures of single schools",
    Purpose.VERIFY: "shows that nothing is missing, old or doubled",
}
CATEGORY_MEANINGS: Mapping[Category, str] = {
    Category.PSEUDONYM: "keyed hash that stands for a pupil; personal data, pseudonymised (art. 4.5)",
    Category.PRESENCE: "a pupil's presence and absence; may tell of health and is treated so (art. 9)",
    Category.HEALTH: "a coarse reason of absence, of health (art. 9); null unless the source's `reasons` is coarse",
    Category.SCHOOLING: "a pupil's school, groups and grades; personal data of a child",
    Category.PERSONAL: "the pupil's sex and the mark of protected identity; personal data in need of extra care",
    Category.RECORD: "the source's own id or time of a row about a pupil, by which the school finds it again",
    Category.SCHOOL: "about schools and their timetables, not about a person",
}
RETENTION_MEANINGS: Mapping[Retention, str] = {
    Retention.LESSON_FACTS: "lessons, registers, their sums and notices, so many school years after the current one",
    Retention.REGISTER: "pupils, enrolments and memberships, with the last lesson facts and grades that rest on them",
    Retention.GRADES: "grades, so many school years after the current one",
    Retention.KEPT: "nothing by age: units and activities; ids told deleted, a pupil's keyed, which an erasure removes",
}


@dataclass(frozen=True, slots=True)
class Use:
    """Why one field is kept, and what kind of data it is."""

    purpose: Purpose
    category: Category


@dataclass(frozen=True, slots=True)
class EntityUse:
    """What the rows of an entity are removed with, and why each of their fields is kept."""

    retention: Retention
    fields: Mapping[str, Use]


def _uses(category: Category, **columns: str) -> dict[str, Use]:
    """Give the fields of one category, their names listed under each purpose."""
    return {name: Use(Purpose(purpose), category) for purpose, names in columns.items() for name in names.split()}


_PUPIL = _uses(Category.PSEUDONYM, join="person_id")
_MARK = _uses(Category.PERSONAL, protect="is_protected")
_VERSION = _uses(Category.RECORD, verify="source_modified_at")
_SCHOOL_VERSION = _uses(Category.SCHOOL, verify="source_modified_at")
_MINUTES = "attended_minutes valid_absence_minutes invalid_absence_minutes other_attendance_minutes"

USES: Mapping[str, EntityUse] = {
    "school_units": EntityUse(
        Retention.KEPT,
        _uses(
            Category.SCHOOL,
            join="organisation_id",
            place="school_unit_code municipality_code school_unit_name school_types",
            time="start_date end_date",
        )
        | _SCHOOL_VERSION,
    ),
    "pupils": EntityUse(
        Retention.REGISTER,
        _uses(Category.PSEUDONYM, join="person_id pupil_id")
        | _uses(Category.PERSONAL, verify="identity_type", place="sex")
        | _MARK
        | _VERSION,
    ),
    "enrolments": EntityUse(
        Retention.REGISTER,
        _PUPIL
        | _uses(
            Category.SCHOOLING,
            place="organisation_id school_type grade education_code",
            time="start_date end_date is_cancelled",
        )
        | _VERSION,
    ),
    "group_memberships": EntityUse(
        Retention.REGISTER,
        _PUPIL
        | _uses(Category.SCHOOLING, join="group_id organisation_id", verify="group_type", time="start_date end_date")
        | _MARK
        | _VERSION,
    ),
    "activities": EntityUse(
        Retention.KEPT,
        _uses(
            Category.SCHOOL,
            join="activity_id organisation_id group_ids",
            place="activity_type subject_code subject_name course_code",
            time="start_date end_date",
        )
        | _SCHOOL_VERSION,
    ),
    "lessons": EntityUse(
        Retention.LESSON_FACTS,
        _uses(
            Category.SCHOOL,
            join="lesson_id activity_id",
            time="school_date started_at ended_at",
            measure="lesson_minutes is_cancelled",
        )
        | _SCHOOL_VERSION,
    ),
    "attendances": EntityUse(
        Retention.LESSON_FACTS,
        _PUPIL
        | _uses(Category.RECORD, verify="attendance_id", join="lesson_id")
        | _uses(Category.PRESENCE, measure=f"is_reported {_MINUTES}")
        | _uses(Category.HEALTH, measure="reason_code")
        | _MARK
        | _VERSION,
    ),
    "aggregated_attendances": EntityUse(
        Retention.LESSON_FACTS,
        _PUPIL
        | _uses(Category.SCHOOLING, join="activity_id", time="start_date end_date")
        | _uses(Category.PRESENCE, verify=f"{_MINUTES} reported_minutes offered_minutes")
        | _MARK
        | _VERSION,
    ),
    "absence_notices": EntityUse(
        Retention.LESSON_FACTS,
        _PUPIL
        | _uses(Category.RECORD, verify="absence_notice_id")
        | _uses(Category.PRESENCE, place="organisation_id", measure="notice_type", time="started_at ended_at")
        | _MARK
        | _VERSION,
    ),
    "grades": EntityUse(
        Retention.GRADES,
        _PUPIL
        | _uses(Category.RECORD, verify="grade_id")
        | _uses(
            Category.SCHOOLING,
            place="organisation_id school_type subject_code course_code",
            measure="grade_value is_final is_trial is_converted has_adapted_study_plan correction_type",
            time="registered_date semester calendar_year",
        )
        | _MARK
        | _VERSION,
    ),
    "deletions": EntityUse(
        Retention.KEPT,
        _uses(Category.RECORD, verify="entity origin", join="record_id") | _VERSION,
    ),
}


def refuse_unstated(entity: str, columns: Iterable[str]) -> None:
    """Refuse rows with a field that nobody has stated a purpose of: they may not leave memory.

    Raises:
        PrivacyError: a column of these is not in `USES`.
    """
    stated = USES[entity].fields if entity in USES else {}
    if unstated := sorted(set(columns) - stated.keys()):
        message = (
            f"{entity}: no purpose is stated for {', '.join(unstated)}. "
            "Nothing was landed; state it in sources/purposes.py, or leave the field out of the connector."
        )
        raise PrivacyError(message)
