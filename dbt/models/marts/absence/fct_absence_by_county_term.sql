with cells as (
    select * from {{ ref('int_absence__summed_by_cell') }} where is_county
),

staleness as (
    select coalesce(bool_or(is_stale), false) as is_stale from {{ ref('dim_source') }}
),

final as (
    select
        county.county_code,
        {{ school_year('cells.term_code') }} as school_year,
        cells.term_code,
        cells.school_form,
        cells.grade,
        cells.sex,
        {{ published_absence('cells') }},
        {{ published_bands('cells') }},
        staleness.is_stale
    from cells
    cross join {{ source('raw', 'raw__county') }} as county
    cross join staleness
    order by cells.term_code, cells.school_form, cells.grade, cells.sex
)

select * from final
