"""The source's own sums of minutes a week, read to hold the registers against."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pyarrow as pa

from narvaro.errors import SourceShapeError
from narvaro.privacy import is_protected
from narvaro.sources.ss12000.columns import NotAColumnError, bad_field, batch
from narvaro.sources.ss12000.context import Context
from narvaro.sources.ss12000.decode import RowDecoder
from narvaro.sources.ss12000.paging import Question, Walker
from narvaro.sources.ss12000.wire import AggregatedAttendance

AGGREGATED = "/aggregatedAttendance"
_WEEK = timedelta(days=7)


def weekly_sums(walker: Walker, context: Context, span: tuple[date, date]) -> Iterator[pa.RecordBatch]:
    """Give the sums of each week of a span that begins on a Monday, every pupil and activity once.

    Raises:
        SourceShapeError: the sums are of other days than asked for, or of another shape.
    """
    monday = span[0]
    while monday <= span[1]:
        yield from _week(walker, context, monday, min(monday + _WEEK - timedelta(days=1), span[1]))
        monday += _WEEK


def _week(walker: Walker, context: Context, first: date, last: date) -> list[pa.RecordBatch]:
    """Give the sums of one week, once all have come."""
    where = walker.transport.where(AGGREGATED)
    decoder = RowDecoder(AggregatedAttendance, where)
    asked = (("startDate", first.isoformat()), ("endDate", last.isoformat()))
    seen: set[tuple[str, str]] = set()
    batches: list[pa.RecordBatch] = []
    for page in walker.walk(Question(AGGREGATED, required=asked)):
        if page.is_anew:
            seen.clear()
            batches.clear()
        rows: list[AggregatedAttendance] = []
        for row in decoder.rows(page.body):
            key = (row.activity.id, row.student.id)
            if key not in seen:
                seen.add(key)
                rows.append(row)
        _check_days(rows, first, last, where)
        try:
            batches.append(_sums(rows, context, first, last))
        except NotAColumnError as error:
            raise bad_field(where, error) from None
    return batches


def _check_days(rows: list[AggregatedAttendance], first: date, last: date, where: str) -> None:
    """Refuse sums of other days: of a longer span they would prove nothing."""
    earliest, latest = first.isoformat(), last.isoformat()
    if any(row.start_date[:10] < earliest or row.end_date[:10] > latest for row in rows):
        message = f"{where}: sums of other days than asked for. The server ignores startDate or endDate; ask the owner."
        raise SourceShapeError(message)


def _sums(rows: list[AggregatedAttendance], context: Context, first: date, last: date) -> pa.RecordBatch:
    """Give the sums of a page under the days that were asked for."""
    return batch(
        "aggregated_attendances",
        {
            "activity_id": [row.activity.id for row in rows],
            "person_id": context.pseudonymiser.person_ids([row.student.id for row in rows]),
            "start_date": [first] * len(rows),
            "end_date": [last] * len(rows),
            "attended_minutes": [row.attendance_sum for row in rows],
            "valid_absence_minutes": [row.valid_absence_sum for row in rows],
            "invalid_absence_minutes": [row.invalid_absence_sum for row in rows],
            "other_attendance_minutes": [row.other_attendance_sum for row in rows],
            "reported_minutes": [row.reported_sum for row in rows],
            "offered_minutes": [row.offered_sum for row in rows],
            "is_protected": [is_protected(row.student.security_marking) for row in rows],
            "source_modified_at": [None] * len(rows),
        },
    )
