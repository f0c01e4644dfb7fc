with pupil_lessons as (
    select * from {{ ref('int_lessons__expanded_to_pupils') }}
),

days as (
    select
        pupil_id,
        source_name,
        organisation_id,
        school_form,
        grade,
        school_date,
        count(*) as pupil_lessons_scheduled_count,
        count(*) filter (where is_reported) as pupil_lessons_offered_count,
        sum(scheduled_minutes) as scheduled_minutes,
        sum(offered_minutes) as offered_minutes,
        sum(valid_absent_minutes) as valid_absent_minutes,
        sum(invalid_absent_minutes) as invalid_absent_minutes
    from pupil_lessons
    group by pupil_id, source_name, organisation_id, school_form, grade, school_date
),

final as (
    select
        days.pupil_id,
        days.source_name,
        days.organisation_id,
        units.school_unit_code,
        units.municipality_code,
        units.owner_type,
        days.school_form,
        days.grade,
        pupils.sex,
        calendar.term_code,
        calendar.iso_week,
        cast(days.pupil_lessons_scheduled_count as integer) as pupil_lessons_scheduled_count,
        cast(days.pupil_lessons_offered_count as integer) as pupil_lessons_offered_count,
        cast(days.scheduled_minutes as integer) as scheduled_minutes,
        cast(days.offered_minutes as integer) as offered_minutes,
        cast(days.valid_absent_minutes as integer) as valid_absent_minutes,
        cast(days.invalid_absent_minutes as integer) as invalid_absent_minutes,
        cast(days.valid_absent_minutes + days.invalid_absent_minutes as integer) as absent_minutes,
        pupils.is_protected,
        days.school_date
    from days
    inner join {{ ref('int_school_units__placed') }} as units
        on days.source_name = units.source_name and days.organisation_id = units.organisation_id
    inner join {{ ref('dim_pupil') }} as pupils on days.pupil_id = pupils.pupil_id
    inner join {{ source('raw', 'raw__calendar_days') }} as calendar
        on days.school_date = calendar.school_date and calendar.municipality_code is null
)

select * from final
