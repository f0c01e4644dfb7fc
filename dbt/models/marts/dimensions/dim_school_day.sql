with days as (
    select * from {{ source('raw', 'raw__calendar_days') }} where municipality_code is null
),

own_days as (
    select * from {{ source('raw', 'raw__calendar_days') }} where municipality_code is not null
),

final as (
    select
        municipalities.municipality_code,
        days.school_year,
        days.term_code,
        days.iso_week,
        coalesce(own_days.is_school_day, days.is_school_day) as is_school_day,
        days.school_date,
        days.week_start_date
    from days
    cross join {{ ref('dim_municipality') }} as municipalities
    left join own_days
        on days.school_date = own_days.school_date and municipalities.municipality_code = own_days.municipality_code
    order by municipalities.municipality_code, days.school_date
)

select * from final
