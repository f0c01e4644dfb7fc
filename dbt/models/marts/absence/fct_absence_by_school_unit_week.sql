with weeks as (
    select * from {{ ref('int_absence__summed_by_unit_week') }}
),

calendar as (
    select * from {{ ref('int_school_days__grouped_into_weeks') }}
),

units as (
    select * from {{ ref('dim_school_unit') }}
),

final as (
    select
        weeks.school_unit_code,
        units.school_unit_name,
        units.municipality_code,
        units.municipality_name,
        units.owner_type,
        calendar.school_year,
        calendar.term_code,
        weeks.iso_week,
        {{ published_absence('weeks') }},
        weeks.lessons_scheduled_count,
        weeks.lessons_reported_count,
        units.is_stale,
        calendar.week_start_date
    from weeks
    inner join calendar on weeks.iso_week = calendar.iso_week
    inner join units on weeks.school_unit_code = units.school_unit_code
    order by weeks.school_unit_code, weeks.iso_week
)

select * from final
