with cells as (
    select * from {{ ref('int_absence__summed_by_cell') }} where not is_county
),

municipalities as (
    select * from {{ ref('dim_municipality') }}
),

final as (
    select
        cells.municipality_code,
        municipalities.municipality_name,
        {{ school_year('cells.term_code') }} as school_year,
        cells.term_code,
        cells.owner_type,
        cells.school_form,
        cells.grade,
        cells.sex,
        {{ published_absence('cells') }},
        {{ published_bands('cells') }},
        municipalities.is_stale
    from cells
    inner join municipalities on cells.municipality_code = municipalities.municipality_code
    order by
        cells.municipality_code, cells.term_code, cells.owner_type, cells.school_form, cells.grade, cells.sex
)

select * from final
