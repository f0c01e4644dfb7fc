"""Lessons and attendance rows, the two kinds of object of which a county has millions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import orjson

from narvaro.simulator import vocabulary
from narvaro.simulator.randomness import Bytes, uuid, uuid_bytes
from narvaro.simulator.wire.fixed_width import Part, booleans, moments, numbers, rows
from narvaro.simulator.wire.writer import STAFF_PER_UNIT, Object, Writer

if TYPE_CHECKING:
    from narvaro.simulator.tables import Bool, Int32, Int64


def lesson_rows(writer: Writer, chosen: Int64) -> bytes:
    """Write lessons as JSON objects parted by commas."""
    lessons, view, seed = writer.world.lessons, writer.view, writer.seed
    teaching = lessons.teaching_minutes[chosen]
    return rows(
        [
            Part(b'{"id":"', view.lesson_ids(chosen)),
            *_meta(writer, view.lesson_created_at[chosen], view.lesson_modified_at[chosen]),
            Part(b'"activity":{"id":"', uuid_bytes(seed, "activity", lessons.activity[chosen])),
            Part(b'"},"startTime":"', _moments(writer, lessons.started_at[chosen])),
            Part(b'","endTime":"', _moments(writer, lessons.ended_at[chosen])),
            Part(b'","cancelled":', booleans(view.lesson_is_cancelled[chosen])),
            Part(b',"teachingLengthStudent":', numbers(teaching), teaching >= 0),
            Part(b"}"),
        ],
        len(chosen),
    )


def attendance_rows(writer: Writer, chosen: Int64) -> bytes:
    """Write attendance rows as JSON objects parted by commas; the rare long ones come last."""
    is_long = _is_long(writer, chosen)
    plain, long = chosen[~is_long], chosen[is_long]
    parts = [_plain_attendance(writer, plain)] if len(plain) else []
    parts += [orjson.dumps(attendance(writer, int(row))) for row in long]
    return b",".join(parts)


def _is_long(writer: Writer, chosen: Int64) -> Bool:
    """Tell which rows hold something beyond ids and minutes."""
    if writer.has_names:
        return np.ones(len(chosen), np.bool_)
    registers, persons = writer.world.registers, writer.world.persons
    person = registers.person[chosen]
    is_marked = (writer.view.marking[person] > 0) | persons.is_marked_on_references[person]
    has_reason = writer.style.gives_reasons & (registers.reason[chosen] > 0)
    return is_marked | has_reason


def _plain_attendance(writer: Writer, chosen: Int64) -> bytes:
    """Write attendance rows of ids and minutes, all of one width."""
    registers, view, seed = writer.world.registers, writer.view.registers, writer.seed
    lesson, is_reported = registers.lesson[chosen], view.is_reported[chosen]
    minutes = {
        b"attendanceMinutes": registers.attended[chosen],
        b"validAbsenceMinutes": view.valid[chosen],
        b"invalidAbsenceMinutes": view.invalid[chosen],
        b"otherAttendanceMinutes": registers.other[chosen],
    }
    is_kept = {
        name: is_reported & ((value != 0) | (not writer.style.omits_zero_minutes)) for name, value in minutes.items()
    }
    return rows(
        [
            Part(b'{"id":"', uuid_bytes(seed, "attendance", chosen)),
            *_meta(writer, registers.created_at[chosen], view.modified_at[chosen]),
            Part(b'"calendarEvent":{"id":"', writer.view.lesson_ids(lesson)),
            Part(b'"},"student":{"id":"', uuid_bytes(seed, "person", registers.person[chosen])),
            Part(b'"},"reporter":{"id":"', uuid_bytes(seed, "staff", _staff(writer, lesson))),
            Part(b'"},"isReported":', booleans(is_reported)),
            *(Part(b',"' + name + b'":', numbers(value), is_kept[name]) for name, value in minutes.items()),
            Part(b"}"),
        ],
        len(chosen),
    )


def _staff(writer: Writer, lessons: Int32) -> Int64:
    """Give the teacher of each lesson."""
    activity = writer.world.lessons.activity[lessons]
    return writer.world.activities.unit[activity] * np.int64(STAFF_PER_UNIT) + activity % STAFF_PER_UNIT


def attendance(writer: Writer, row: int) -> Object:
    """Write one attendance row with everything that it may hold."""
    registers, view, seed = writer.world.registers, writer.view.registers, writer.seed
    record: Object = {
        "id": uuid(seed, "attendance", row),
        "meta": writer.meta(registers.created_at[row], view.modified_at[row]),
        "calendarEvent": {"id": writer.view.lesson_id(int(registers.lesson[row]))},
        "student": writer.person_reference(int(registers.person[row])),
        "reporter": {"id": uuid(seed, "staff", int(_staff(writer, registers.lesson[row : row + 1])[0]))},
        "isReported": bool(view.is_reported[row]),
    }
    if not record["isReported"]:
        return record
    minutes = {
        "attendanceMinutes": int(registers.attended[row]),
        "validAbsenceMinutes": int(view.valid[row]),
        "invalidAbsenceMinutes": int(view.invalid[row]),
        "otherAttendanceMinutes": int(registers.other[row]),
    }
    record |= {name: value for name, value in minutes.items() if value or not writer.style.omits_zero_minutes}
    if writer.style.gives_reasons and registers.reason[row]:
        record["absenceReason"] = vocabulary.REASONS[registers.reason[row] - 1]
    return record


def _meta(writer: Writer, created_at: Int64, modified_at: Int64) -> list[Part]:
    """Write when objects were made and last changed, the opening quote of the id closed."""
    return [
        Part(b'","meta":{"created":"', _moments(writer, created_at)),
        Part(b'","modified":"', _moments(writer, modified_at)),
        Part(b'"},'),
    ]


def _moments(writer: Writer, seconds: Int64) -> Bytes:
    """Write moments as the source does."""
    if not writer.style.has_local_times:
        return moments(seconds)
    return moments(seconds, writer.offset_seconds(seconds))
