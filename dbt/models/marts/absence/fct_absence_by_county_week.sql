with weeks as (
    select * from {{ ref('int_absence__summed_by_week') }} where is_county
),

calendar as (
    select * from {{ ref('int_school_days__grouped_into_weeks') }}
),

staleness as (
    select coalesce(bool_or(is_stale), false) as is_stale from {{ ref('dim_source') }}
),

final as (
    select
        county.county_code,
        calendar.school_year,
        calendar.term_code,
        weeks.iso_week,
        {{ published_absence('weeks') }},
        weeks.lessons_scheduled_count,
        weeks.lessons_reported_count,
        staleness.is_stale,
        calendar.week_start_date
    from weeks
    inner join calendar on weeks.iso_week = calendar.iso_week
    cross join {{ source('raw', 'raw__county') }} as county
    cross join staleness
    order by weeks.iso_week
)

select * from final
