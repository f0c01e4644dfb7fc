-- A day is held against the same weekday of the weeks before, in the same term and unit.
with days as (
    select
        *,
        sum(timetabled_lessons_count) over (partition by school_unit_code, iso_week) as week_lessons_count,
        sum(scheduled_minutes) over (partition by school_unit_code, iso_week) as week_scheduled_minutes,
        sum(offered_minutes) over (partition by school_unit_code, iso_week) as week_offered_minutes
    from {{ ref('int_lessons__profiled_by_unit_day') }}
),

school_days as (
    select
        *,
        count(*) over usual_day as earlier_days_count,
        median(timetabled_lessons_count) over usual_day as usual_lessons_count
    from days
    where is_school_day
    window
        usual_day
        as {{ earlier(var('quality_usual_days'), 'school_unit_code, term_code, isodow(school_date)', 'school_date') }}
),

marked as (
    select
        *,
        earlier_days_count >= {{ var('quality_min_earlier') }}
        and usual_lessons_count >= {{ var('quality_min_day_lessons') }}
        and week_lessons_count > 0
        and 100 * timetabled_lessons_count < {{ var('quality_lost_below_pct') }} * usual_lessons_count
            as is_without_lessons,
        scheduled_minutes >= {{ var('quality_min_day_minutes') }}
        and 100 * offered_minutes < {{ var('quality_unreported_below_pct') }} * scheduled_minutes
        and 100 * (week_offered_minutes - offered_minutes)
        >= {{ var('quality_reported_from_pct') }} * (week_scheduled_minutes - scheduled_minutes)
        and week_scheduled_minutes > scheduled_minutes
            as is_without_reports
    from school_days
),

final as (
    select
        school_unit_code,
        iso_week,
        timetabled_lessons_count,
        cast(usual_lessons_count as bigint) as usual_lessons_count,
        -- Once is a study day that nobody told us of; twice in a row is a pattern.
        {{ times_in_a_row('is_without_lessons', 'same_weekday') }} as days_without_lessons_count,
        {{ times_in_a_row('is_without_reports', 'same_weekday') }} as days_without_reports_count,
        cast(0 as bigint) as free_day_lessons_count,
        is_school_day,
        school_date
    from marked
    window same_weekday as (partition by school_unit_code, isodow(school_date) order by school_date)
    union all
    select
        school_unit_code,
        iso_week,
        timetabled_lessons_count,
        null as usual_lessons_count,
        0 as days_without_lessons_count,
        0 as days_without_reports_count,
        held_lessons_count as free_day_lessons_count,
        is_school_day,
        school_date
    from days
    where not is_school_day
    order by school_unit_code, school_date
)

select * from final
