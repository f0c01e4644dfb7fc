-- What is this? Terms and areas where the two sexes, or the school forms, do not add up to the total's minutes.
-- Why does it matter? Readers add rows; the protection of small cells counts on the sums as well.
-- What to do? A pupil has two sexes in dim_pupil, or a grouping set is missing in int_absence__summed_by_cell.
with cells as (
    select * from {{ ref('int_absence__summed_by_cell') }} where owner_type = 'all' and grade = 'all'
),

summed as (
    select
        is_county,
        municipality_code,
        term_code,
        sum(scheduled_minutes) filter (where school_form = 'all' and sex = 'all') as total_minutes,
        sum(scheduled_minutes) filter (where school_form = 'all' and sex <> 'all') as minutes_of_sexes,
        sum(scheduled_minutes) filter (where school_form <> 'all' and sex = 'all') as minutes_of_school_forms
    from cells
    group by is_county, municipality_code, term_code
)

select * from summed
where
    total_minutes is distinct from minutes_of_sexes
    or total_minutes is distinct from minutes_of_school_forms
