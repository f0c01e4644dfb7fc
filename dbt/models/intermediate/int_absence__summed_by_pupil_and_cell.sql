-- What each pupil has in each cell and term. A null in a column of the cell stands for all of its values:
-- the county's cells have no municipality; sex is the pupil's own and is spread in the marts.
with pupil_days as (
    select * from {{ ref('fct_absence_by_pupil_day') }}
),

final as (
    select
        term_code,
        pupil_id,
        sex,
        municipality_code,
        owner_type,
        school_form,
        grade,
        -- Which area the cell belongs to: a null municipality can also be one that nobody has named.
        grouping(municipality_code) = 1 as is_county,
        {{ summed_minutes() }},
        count(distinct school_date) filter (where offered_minutes > 0) as offered_days
    from pupil_days
    group by
        grouping sets (
            (term_code, pupil_id, sex),
            (term_code, pupil_id, sex, school_form),
            (term_code, pupil_id, sex, school_form, grade),
            (term_code, pupil_id, sex, municipality_code),
            (term_code, pupil_id, sex, municipality_code, school_form),
            (term_code, pupil_id, sex, municipality_code, school_form, grade),
            (term_code, pupil_id, sex, municipality_code, owner_type),
            (term_code, pupil_id, sex, municipality_code, owner_type, school_form),
            (term_code, pupil_id, sex, municipality_code, owner_type, school_form, grade)
        )
)

select
    * replace (
        coalesce(owner_type, 'all') as owner_type,
        coalesce(school_form, 'all') as school_form,
        coalesce(grade, 'all') as grade
    )
from final
