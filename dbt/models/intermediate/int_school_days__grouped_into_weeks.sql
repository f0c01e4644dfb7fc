-- One row per ISO week; a week that touches two terms is named after the first.
with final as (
    select
        iso_week,
        min(school_year) as school_year,
        min(term_code) as term_code,
        min(week_start_date) as week_start_date
    from {{ source('raw', 'raw__calendar_days') }}
    where municipality_code is null
    group by iso_week
)

select * from final
