-- What is this? The minutes of expected pupil-lessons that are lost or doubled on the way to the pupil-days.
-- Why does it matter? Every published figure is summed from the pupil-days.
-- What to do? Zero rows outside the county are expected; else look for a unit, pupil or day that joins twice.
with lessons as (
    select lessons.*
    from {{ ref('int_lessons__expanded_to_pupils') }} as lessons
    semi join {{ ref('int_school_units__placed') }} as units
        on lessons.source_name = units.source_name and lessons.organisation_id = units.organisation_id
),

totals as (
    select
        (select coalesce(sum(scheduled_minutes), 0) from lessons) as lesson_minutes,
        (select coalesce(sum(scheduled_minutes), 0) from {{ ref('fct_absence_by_pupil_day') }}) as day_minutes
)

select * from totals where lesson_minutes <> day_minutes
