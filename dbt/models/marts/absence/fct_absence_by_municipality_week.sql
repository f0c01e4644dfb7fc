with weeks as (
    select * from {{ ref('int_absence__summed_by_week') }} where not is_county
),

calendar as (
    select * from {{ ref('int_school_days__grouped_into_weeks') }}
),

municipalities as (
    select * from {{ ref('dim_municipality') }}
),

final as (
    select
        weeks.municipality_code,
        municipalities.municipality_name,
        calendar.school_year,
        calendar.term_code,
        weeks.iso_week,
        {{ published_absence('weeks') }},
        weeks.lessons_scheduled_count,
        weeks.lessons_reported_count,
        municipalities.is_stale,
        calendar.week_start_date
    from weeks
    inner join calendar on weeks.iso_week = calendar.iso_week
    inner join municipalities on weeks.municipality_code = municipalities.municipality_code
    order by weeks.municipality_code, weeks.iso_week
)

select * from final
