-- The timetable's lessons, held or cancelled, up to the last day that the source has told us all about.
with lessons as (
    select * from {{ ref('stg_lessons') }}
),

activities as (
    select * from {{ ref('stg_activities') }}
    where activity_type in ({{ quoted(var('counted_activity_types')) }})
),

units as (
    select * from {{ ref('int_school_units__placed') }} where school_unit_code is not null
),

sources as (
    select * from {{ ref('dim_source') }}
),

registers as (
    select * from {{ ref('int_lessons__summed_over_pupils') }}
),

entries as (
    select * from {{ ref('int_attendances__counted_by_lesson') }}
),

final as (
    select
        units.school_unit_code,
        lessons.school_date,
        lessons.is_cancelled,
        coalesce(registers.scheduled_minutes, 0) as scheduled_minutes,
        coalesce(registers.offered_minutes, 0) as offered_minutes,
        coalesce(registers.absent_minutes, 0) as absent_minutes,
        coalesce(registers.unexplained_minutes, 0) as unexplained_minutes,
        coalesce(registers.pupils_reported_count, 0) as pupils_reported_count,
        coalesce(registers.pupils_beyond_count, 0) as pupils_beyond_count,
        coalesce(registers.pupils_doubled_count, 0) as pupils_doubled_count,
        coalesce(
            registers.pupils_reported_count >= {{ var('whole_class_min_pupils') }}
            and registers.pupils_away_count = registers.pupils_reported_count,
            false
        ) as is_whole_class_away,
        case when lessons.is_cancelled then 0 else coalesce(entries.entries_count, 0) end as entries_count,
        case
            when lessons.is_cancelled then 0
            else coalesce(entries.entries_count, 0) - coalesce(registers.entries_expected_count, 0)
        end as entries_outside_count
    from lessons
    inner join activities
        on lessons.source_name = activities.source_name and lessons.activity_id = activities.activity_id
    inner join units
        on lessons.source_name = units.source_name and activities.organisation_id = units.organisation_id
    inner join sources
        on lessons.source_name = sources.source_name and lessons.school_date < sources.last_good_night_date
    left join registers
        on lessons.source_name = registers.source_name and lessons.lesson_id = registers.lesson_id
    left join entries
        on lessons.source_name = entries.source_name and lessons.lesson_id = entries.lesson_id
)

select * from final
