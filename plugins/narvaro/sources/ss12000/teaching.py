"""School units, activities and lessons, as canonical batches."""

from __future__ import annotations

import pyarrow as pa

from narvaro.sources.ss12000.columns import batch, code, reference_id
from narvaro.sources.ss12000.context import Context
from narvaro.sources.ss12000.reading import Rows
from narvaro.sources.ss12000.times import NotATimeError, dates, local_dates, utc_times
from narvaro.sources.ss12000.wire import Activity, CalendarEvent, Organisation

_SCHOOL_UNIT = "skolenhet"
_MICROSECONDS_IN_MINUTE = 60_000_000


def school_units(page: Rows[Organisation], _context: Context) -> pa.RecordBatch:
    """Give the school units among a page's organisations."""
    places = [place for place, row in enumerate(page.rows) if is_school_unit(row)]
    units = [page.rows[place] for place in places]
    return batch(
        "school_units",
        {
            "organisation_id": [unit.id for unit in units],
            "school_unit_code": [unit.school_unit_code for unit in units],
            "municipality_code": [unit.municipality_code for unit in units],
            "school_unit_name": [code(unit.display_name) for unit in units],
            "school_types": [[code(form) for form in unit.school_types or ()] for unit in units],
            "start_date": dates([unit.start_date for unit in units], "startDate"),
            "end_date": dates([unit.end_date for unit in units], "endDate"),
            "source_modified_at": page.modified.take(pa.array(places, pa.int64())),
        },
    )


def is_school_unit(row: Organisation) -> bool:
    """Tell whether an organisation is a school unit."""
    return (code(row.organisation_type) or "").casefold() == _SCHOOL_UNIT


def activities(page: Rows[Activity], context: Context) -> pa.RecordBatch:
    """Give the activities of a page, each with its subject or course."""
    rows = page.rows
    taught = [context.syllabus(reference_id(row.syllabus)) for row in rows]
    return batch(
        "activities",
        {
            "activity_id": [row.id for row in rows],
            "activity_type": [code(row.activity_type) for row in rows],
            "organisation_id": [row.organisation.id for row in rows],
            "group_ids": [[group.id for group in row.groups or ()] for row in rows],
            "subject_code": [code(syllabus.subject_code) for syllabus in taught],
            "subject_name": [code(syllabus.subject_name) for syllabus in taught],
            "course_code": [code(syllabus.course_code) for syllabus in taught],
            "start_date": dates([row.start_date for row in rows], "startDate"),
            "end_date": dates([row.end_date for row in rows], "endDate"),
            "source_modified_at": page.modified,
        },
    )


def lessons(page: Rows[CalendarEvent], context: Context) -> pa.RecordBatch:
    """Give the lessons of a page; their length is the pupils' teaching length where the source tells it."""
    rows = page.rows
    starts = [row.start_time for row in rows]
    started = utc_times(starts, context.naive_timezone, "startTime")
    ended = utc_times([row.end_time for row in rows], context.naive_timezone, "endTime")
    for times, name in ((started, "startTime"), (ended, "endTime")):
        if times.null_count:
            raise NotATimeError(name)
    spans = (ended.cast(pa.int64()).to_numpy() - started.cast(pa.int64()).to_numpy()) // _MICROSECONDS_IN_MINUTE
    told = [row.teaching_length_student for row in rows]
    minutes = [length if length is not None else span for length, span in zip(told, spans.tolist(), strict=True)]
    return batch(
        "lessons",
        {
            "lesson_id": [row.id for row in rows],
            "activity_id": [row.activity.id for row in rows],
            "school_date": local_dates(starts, context.naive_timezone, context.timezone, "startTime"),
            "started_at": started,
            "ended_at": ended,
            "lesson_minutes": minutes,
            "is_cancelled": [bool(row.cancelled) for row in rows],
            "source_modified_at": page.modified,
        },
    )
