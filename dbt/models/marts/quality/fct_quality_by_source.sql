-- How late each source is, in school days.
with sources as (
    select * from {{ ref('dim_source') }}
),

nights as (
    select * from {{ source('raw', 'raw__night') }}
),

calendar as (
    select * from {{ source('raw', 'raw__calendar_days') }} where municipality_code is null
),

own_days as (
    select * from {{ source('raw', 'raw__calendar_days') }} where municipality_code is not null
),

lateness as (
    select
        sources.source_name,
        count(*) filter (where coalesce(own_days.is_school_day, calendar.is_school_day)) as school_days_missed_count
    from sources
    cross join nights
    inner join calendar
        on sources.last_good_night_date <= calendar.school_date and nights.night > calendar.school_date
    left join own_days
        on
            calendar.school_date = own_days.school_date
            and sources.municipality_code = own_days.municipality_code
    group by sources.source_name
),

final as (
    select
        sources.source_name,
        coalesce(lateness.school_days_missed_count, 0) as school_days_missed_count,
        sources.is_stale,
        sources.last_good_night_date
    from sources
    left join lateness on sources.source_name = lateness.source_name
    order by sources.source_name
)

select * from final
