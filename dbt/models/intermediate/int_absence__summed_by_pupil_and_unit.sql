-- What each pupil has at each school unit and term, without protected pupils: only the school may know them.
with pupil_days as (
    select * from {{ ref('fct_absence_by_pupil_day') }}
    where school_unit_code is not null and not is_protected
),

final as (
    select
        school_unit_code,
        term_code,
        pupil_id,
        sex,
        coalesce(school_form, 'all') as school_form,
        coalesce(grade, 'all') as grade,
        {{ summed_minutes() }},
        count(distinct school_date) filter (where offered_minutes > 0) as offered_days
    from pupil_days
    group by
        grouping sets (
            (school_unit_code, term_code, pupil_id, sex),
            (school_unit_code, term_code, pupil_id, sex, school_form, grade)
        )
)

select
    *,
    {{ band_name() }} as band
from final
