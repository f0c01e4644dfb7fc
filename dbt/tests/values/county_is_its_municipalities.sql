-- What is this? Weeks where the county differs from its municipalities and the units without a municipality.
-- Why does it matter? The same figure would differ between two published tables.
-- What to do? Compare int_school_units__placed with the municipalities in config/municipalities.yml.
with weeks as (
    select * from {{ ref('int_absence__summed_by_week') }}
),

summed as (
    select
        iso_week,
        sum(scheduled_minutes) filter (where is_county) as county_minutes,
        sum(scheduled_minutes) filter (where not is_county) as municipality_minutes,
        sum(lessons_scheduled_count) filter (where is_county) as county_lessons_count,
        sum(lessons_scheduled_count) filter (where not is_county) as municipality_lessons_count
    from weeks
    group by iso_week
)

select * from summed
where
    county_minutes is distinct from municipality_minutes
    or county_lessons_count is distinct from municipality_lessons_count
