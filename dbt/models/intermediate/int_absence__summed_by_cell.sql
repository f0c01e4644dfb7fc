-- The cells of the term tables, of the county and of each municipality, with the pupils' sex spread out.
with pupil_cells as (
    select * from {{ ref('int_absence__banded_by_pupil_and_cell') }}
    where is_county or municipality_code is not null
),

final as (
    select
        is_county,
        municipality_code,
        term_code,
        owner_type,
        school_form,
        grade,
        coalesce(sex, 'all') as sex,
        count(*) filter (where offered_minutes > 0) as pupils_count,
        {{ summed_minutes() }},
        {{ band_counts() }}
    from pupil_cells
    group by
        grouping sets (
            (is_county, municipality_code, term_code, owner_type, school_form, grade),
            (is_county, municipality_code, term_code, owner_type, school_form, grade, sex)
        )
)

select * from final
-- A type of owner is shown alone, by school form, or fully crossed: no other cut of it leaves.
where owner_type = 'all' or (grade = 'all') = (sex = 'all')
