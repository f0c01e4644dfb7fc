-- How many lessons each unit had in each ISO week; a lesson belongs to one unit, so these counts add up.
with lessons as (
    select * from {{ ref('int_lessons__summed_over_pupils') }}
),

units as (
    select * from {{ ref('int_school_units__placed') }}
),

calendar as (
    select * from {{ source('raw', 'raw__calendar_days') }} where municipality_code is null
),

final as (
    select
        units.school_unit_code,
        units.municipality_code,
        calendar.iso_week,
        count(*) as lessons_scheduled_count,
        count(*) filter (where lessons.is_reported) as lessons_reported_count,
        count(*) filter (where lessons.is_scheduled_openly) as open_lessons_scheduled_count,
        count(*) filter (where lessons.is_reported_openly) as open_lessons_reported_count
    from lessons
    inner join units on lessons.source_name = units.source_name and lessons.organisation_id = units.organisation_id
    inner join calendar on lessons.school_date = calendar.school_date
    group by units.school_unit_code, units.municipality_code, calendar.iso_week
)

select * from final
