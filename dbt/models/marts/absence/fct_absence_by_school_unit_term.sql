with cells as (
    select * from {{ ref('int_absence__summed_by_unit_term') }}
),

units as (
    select * from {{ ref('dim_school_unit') }}
),

final as (
    select
        cells.school_unit_code,
        units.school_unit_name,
        units.municipality_code,
        units.municipality_name,
        units.owner_type,
        {{ school_year('cells.term_code') }} as school_year,
        cells.term_code,
        cells.school_form,
        cells.grade,
        cells.sex,
        {{ published_absence('cells') }},
        {{ published_bands('cells') }},
        units.is_stale
    from cells
    inner join units on cells.school_unit_code = units.school_unit_code
    order by cells.school_unit_code, cells.term_code, cells.school_form, cells.grade, cells.sex
)

select * from final
