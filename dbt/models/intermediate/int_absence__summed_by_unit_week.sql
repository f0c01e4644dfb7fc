-- Each unit's ISO weeks without protected pupils: only the school may know that they are there.
with pupil_days as (
    select * from {{ ref('fct_absence_by_pupil_day') }}
    where school_unit_code is not null and not is_protected
),

lessons as (
    select
        school_unit_code,
        iso_week,
        cast(sum(open_lessons_scheduled_count) as bigint) as lessons_scheduled_count,
        cast(sum(open_lessons_reported_count) as bigint) as lessons_reported_count
    from {{ ref('int_lessons__summed_by_unit_week') }}
    group by school_unit_code, iso_week
),

absence as (
    select
        school_unit_code,
        iso_week,
        count(distinct pupil_id) filter (where offered_minutes > 0) as pupils_count,
        {{ summed_minutes() }}
    from pupil_days
    group by school_unit_code, iso_week
),

final as (
    select
        absence.*,
        lessons.lessons_scheduled_count,
        lessons.lessons_reported_count
    from absence
    inner join lessons
        on absence.school_unit_code = lessons.school_unit_code and absence.iso_week = lessons.iso_week
)

select * from final
