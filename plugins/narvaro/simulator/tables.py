"""The simulated county's tables: one class per kind of record, one array per field.

Moments are whole seconds since 1970 in UTC; days are whole days since 1970. A field that ends
in `_at` tells when the source came to know something, and NEVER stands for "not yet".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Int16 = npt.NDArray[np.int16]
Int8 = npt.NDArray[np.int8]
Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]

NEVER = np.iinfo(np.int64).max
OPEN_DAY = np.iinfo(np.int32).max
UNKNOWN_GRADE = -1

FORMS = ("GR", "GY")
SEXES = ("Kvinna", "Man", "Okänt", None)
# The last two are spellings that real systems send: decomposed letters, another word.
MARKINGS = ("Ingen", "Sekretessmarkering", "Skyddad folkbokföring", "Skyddad folkbokfo\u0308ring", "skyddad")
ACTIVITY_TYPES = ("Undervisning", "Elevaktivitet", "Övrigt", "Läraraktivitet")
COUNTING_TYPES = ("Undervisning", "Elevaktivitet")


@dataclass(frozen=True, slots=True)
class Units:
    """School units, ordered by source."""

    source: Int16
    code: tuple[str, ...]
    name: tuple[str, ...]
    municipality_code: tuple[str, ...]
    form: Int8
    latitude: Float
    longitude: Float


@dataclass(frozen=True, slots=True)
class Classes:
    """School classes, ordered by unit; `stage` chooses the timetable."""

    unit: Int32
    stage: Int8
    name: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Persons:
    """Person records of pupils, one per pupil and source, ordered by source.

    `pupil` is the true human being behind the record, as far as the civic number can tell.
    """

    source: Int16
    pupil: Int32
    civic_number: tuple[str | None, ...]
    birth_day: Int32
    sex: Int8
    marking: Int8
    marked_at: Int64
    is_marked_on_references: Bool
    created_at: Int64


@dataclass(frozen=True, slots=True)
class Enrolments:
    """Enrolments of person records; an end date is shown from `end_known_at`."""

    person: Int32
    unit: Int32
    form: Int8
    grade: Int8
    start_day: Int32
    end_day: Int32
    is_cancelled: Bool
    known_at: Int64
    end_known_at: Int64


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of pupils or staff, ordered by unit; three per class, then one of staff per unit."""

    unit: Int32
    kind: Int8
    name: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Memberships:
    """Members of groups, ordered by group; an end date is shown from `end_known_at`."""

    group: Int32
    person: Int32
    start_day: Int32
    end_day: Int32
    known_at: Int64
    end_known_at: Int64


@dataclass(frozen=True, slots=True)
class Activities:
    """Activities, ordered by unit; `second_group` is -1 where there is one group only."""

    unit: Int32
    kind: Int8
    subject: Int16
    first_group: Int32
    second_group: Int32


@dataclass(frozen=True, slots=True)
class Lessons:
    """Calendar events, ordered by source; `teaching_minutes` is -1 where the source sends none."""

    source: Int16
    activity: Int32
    day: Int32
    started_at: Int64
    ended_at: Int64
    teaching_minutes: Int16
    is_first: Bool
    created_at: Int64
    cancelled_at: Int64
    deleted_at: Int64

    def minutes(self) -> Int64:
        """Give the length of every lesson: the pupils' teaching length, else end minus start."""
        return np.where(self.teaching_minutes >= 0, self.teaching_minutes, (self.ended_at - self.started_at) // 60)


@dataclass(frozen=True, slots=True)
class Corrections:
    """Changes of registers after they were taken, in time order."""

    row: Int64
    known_at: Int64
    valid: Int16
    invalid: Int16


@dataclass(frozen=True, slots=True)
class Registers:
    """Attendance rows, ordered by source; not reported before `reported_at`."""

    source: Int16
    lesson: Int32
    person: Int32
    created_at: Int64
    reported_at: Int64
    attended: Int16
    valid: Int16
    invalid: Int16
    other: Int16
    reason: Int8
    deleted_rows: Int64
    deleted_at: Int64
    corrections: Corrections
    impossible_rows: Int64


@dataclass(frozen=True, slots=True)
class Notices:
    """Absence reported in advance, ordered by source."""

    source: Int16
    person: Int32
    unit: Int32
    is_leave: Bool
    started_at: Int64
    ended_at: Int64
    created_at: Int64


@dataclass(frozen=True, slots=True)
class Grades:
    """Registered grades, ordered by source."""

    source: Int16
    person: Int32
    unit: Int32
    subject: Int16
    value: Int8
    day: Int32
    is_final: Bool
    is_changed: Bool
    created_at: Int64
