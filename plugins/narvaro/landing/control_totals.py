"""The minutes that stand of each school unit and week, against the sums that the source itself tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from narvaro.landing.standing import UNIT_CODE, newest_of

if TYPE_CHECKING:
    import duckdb

# Sources differ in whether cancelled lessons and unreported rows are in their sums: what stands is
# counted with them (`received`) and without them (`certain`), and the truth must lie between.
_MINUTES = """
    with span as (
        select distinct start_date, end_date from tonight_aggregated_attendances where start_date is not null
    ),
    expected as (
        select activity.organisation_id, record.start_date, sum({minutes}) as minutes
        from tonight_aggregated_attendances as record left join activity using (activity_id)
        group by activity.organisation_id, record.start_date
    ),
    asked as (
        select
            lesson.lesson_id,
            span.start_date,
            activity.organisation_id,
            coalesce(lesson.is_cancelled, false) as is_off
        from lesson inner join span on lesson.school_date between span.start_date and span.end_date
        left join activity using (activity_id)
    ),
    met as (
        select distinct hash(attendance_id) as id_hash from all_attendances semi join asked using (lesson_id)
    ),
    gone as (
        select record_id, max(left(_load_id, 8)) as night from all_deletions
        where entity = 'attendances' group by record_id
    ),
    version as (
        select
            record.attendance_id,
            record.lesson_id,
            record.is_reported,
            {minutes} as minutes,
            record._source_modified_at,
            record._load_id,
            record._row
        from all_attendances as record semi join met on hash(record.attendance_id) = met.id_hash
    ),
    -- Hardly any record has several versions: only those few are sorted.
    recurring as (
        select attendance_id, max(left(_load_id, 8)) as night from version group by attendance_id having count(*) > 1
    ),
    recurring_version as (select version.* from version semi join recurring using (attendance_id)),
    newest as ({newest}),
    record as (
        select *, left(_load_id, 8) as night from version anti join recurring using (attendance_id)
        union all by name
        select newest.*, recurring.night from newest inner join recurring using (attendance_id)
    ),
    received as (
        select
            asked.organisation_id,
            asked.start_date,
            sum(record.minutes) as minutes,
            coalesce(sum(record.minutes) filter (record.is_reported and not asked.is_off), 0) as certain
        from record inner join asked using (lesson_id)
        left join gone on record.attendance_id = gone.record_id
        where gone.night is null or gone.night <= record.night
        group by asked.organisation_id, asked.start_date
    ),
    compared as (
        select
            coalesce(expected.organisation_id, received.organisation_id) as organisation_id,
            coalesce(expected.start_date, received.start_date) as start_date,
            expected.minutes as expected,
            received.minutes as received,
            received.certain
        from expected full join received
            on expected.organisation_id is not distinct from received.organisation_id
            and expected.start_date = received.start_date
    )
    select
        {unit_code} as code,
        any_value(school_unit.school_unit_name),
        compared.start_date as week_start,
        coalesce(sum(compared.expected), 0),
        coalesce(sum(compared.received), 0),
        coalesce(sum(compared.certain), 0)
    from compared left join school_unit on compared.organisation_id = school_unit.organisation_id
    group by code, week_start order by code, week_start
"""
_SUM = """
    greatest(coalesce(record.attended_minutes, 0), 0) + greatest(coalesce(record.valid_absence_minutes, 0), 0)
    + greatest(coalesce(record.invalid_absence_minutes, 0), 0)
    + greatest(coalesce(record.other_attendance_minutes, 0), 0)
"""


@dataclass(frozen=True, slots=True)
class WeekMinutes:
    """One school unit's minutes in the week that begins on a day: what the source sums, and what stands."""

    school_unit_code: str
    school_unit_name: str
    start_date: date
    expected: int
    received: int
    certain: int

    @property
    def missing(self) -> int:
        """Minutes that the source has and we have not."""
        return max(self.expected - self.received, 0)

    @property
    def surplus(self) -> int:
        """Minutes that we have and the source has not."""
        return max(self.certain - self.expected, 0)


def week_minutes(rows: duckdb.DuckDBPyConnection) -> list[WeekMinutes]:
    """Give every unit and week that the night's control totals cover; none without control totals."""
    query = _MINUTES.format(
        minutes=_SUM,
        newest=newest_of("recurring_version", "attendance_id"),
        unit_code=UNIT_CODE.format(place="compared"),
    )
    found = rows.execute(query).fetchall()
    return [WeekMinutes(code, name or "", start, *map(int, sums)) for code, name, start, *sums in found]
