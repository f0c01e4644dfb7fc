-- The lessons that pupils were to attend: held, teaching or pupil activity, ended before the night's bound.
with lessons as (
    select * from {{ ref('stg_lessons') }}
),

activities as (
    select * from {{ ref('stg_activities') }}
),

nights as (
    select * from {{ source('raw', 'raw__night') }}
),

calendar as (
    select * from {{ source('raw', 'raw__calendar_days') }} where municipality_code is null
),

final as (
    select
        lessons.source_name,
        lessons.lesson_id,
        lessons.activity_id,
        activities.organisation_id,
        activities.subject_code,
        activities.course_code,
        lessons.lesson_minutes,
        lessons.school_date
    from lessons
    inner join activities
        on lessons.source_name = activities.source_name and lessons.activity_id = activities.activity_id
    inner join calendar on lessons.school_date = calendar.school_date
    cross join nights
    where
        not lessons.is_cancelled
        and lessons.ended_at <= nights.until_at
        and activities.activity_type in ({{ quoted(var('counted_activity_types')) }})
)

select * from final
