-- One row per lesson with at least one expected pupil, and whether anybody in it was reported.
with pupil_lessons as (
    select
        *,
        valid_absent_minutes + invalid_absent_minutes as absent_minutes
    from {{ ref('int_lessons__expanded_to_pupils') }}
),

pupils as (
    select * from {{ ref('dim_pupil') }}
),

final as (
    select
        pupil_lessons.source_name,
        pupil_lessons.lesson_id,
        pupil_lessons.organisation_id,
        pupil_lessons.school_date,
        bool_or(pupil_lessons.is_reported) as is_reported,
        -- The same seen without protected pupils, for figures of a single school unit.
        bool_or(not pupils.is_protected) as is_scheduled_openly,
        bool_or(pupil_lessons.is_reported and not pupils.is_protected) as is_reported_openly,
        {{ lesson_sums() }}
    from pupil_lessons
    inner join pupils on pupil_lessons.pupil_id = pupils.pupil_id
    group by
        pupil_lessons.source_name,
        pupil_lessons.lesson_id,
        pupil_lessons.organisation_id,
        pupil_lessons.school_date
)

select * from final
