-- The cells of a school unit and term, with the pupils' sex spread out.
with pupil_units as (
    select * from {{ ref('int_absence__summed_by_pupil_and_unit') }}
),

final as (
    select
        school_unit_code,
        term_code,
        school_form,
        grade,
        coalesce(sex, 'all') as sex,
        count(*) filter (where offered_minutes > 0) as pupils_count,
        {{ summed_minutes() }},
        {{ band_counts() }}
    from pupil_units
    group by
        grouping sets (
            (school_unit_code, term_code, school_form, grade),
            (school_unit_code, term_code, school_form, grade, sex)
        )
)

select * from final
