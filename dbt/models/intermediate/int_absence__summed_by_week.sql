-- The county's and each municipality's ISO weeks; the county's rows have no municipality.
with pupil_days as (
    select * from {{ ref('fct_absence_by_pupil_day') }}
),

lessons as (
    select * from {{ ref('int_lessons__summed_by_unit_week') }}
),

absence as (
    select
        grouping(municipality_code) = 1 as is_county,
        municipality_code,
        iso_week,
        count(distinct pupil_id) filter (where offered_minutes > 0) as pupils_count,
        {{ summed_minutes() }}
    from pupil_days
    group by grouping sets ((iso_week), (iso_week, municipality_code))
),

lesson_counts as (
    select
        grouping(municipality_code) = 1 as is_county,
        municipality_code,
        iso_week,
        cast(sum(lessons_scheduled_count) as bigint) as lessons_scheduled_count,
        cast(sum(lessons_reported_count) as bigint) as lessons_reported_count
    from lessons
    group by grouping sets ((iso_week), (iso_week, municipality_code))
),

final as (
    select
        absence.*,
        lesson_counts.lessons_scheduled_count,
        lesson_counts.lessons_reported_count
    from absence
    inner join lesson_counts
        on
            absence.is_county = lesson_counts.is_county
            and absence.municipality_code is not distinct from lesson_counts.municipality_code
            and absence.iso_week = lesson_counts.iso_week
)

select * from final
