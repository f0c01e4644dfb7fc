-- Expected: enrolled at the lesson's unit that day, and member of one of its groups or in its register.
with lessons as (
    select * from {{ ref('int_lessons__counted') }}
),

members as (
    select lessons.source_name, lessons.lesson_id, memberships.person_id
    from lessons
    inner join {{ ref('int_memberships__merged_over_groups') }} as memberships
        on
            lessons.source_name = memberships.source_name
            and lessons.activity_id = memberships.activity_id
            and lessons.school_date between memberships.from_date and memberships.to_date
),

candidates as (
    select
        source_name,
        lesson_id,
        person_id,
        attendances.valid_absent_minutes,
        attendances.invalid_absent_minutes,
        attendances.accounted_minutes,
        coalesce(attendances.is_reported, false) as is_reported,
        attendances.is_reported is not null as has_entry,
        coalesce(attendances.is_doubled, false) as is_doubled
    from members
    full outer join {{ ref('int_attendances__one_per_lesson_and_pupil') }} as attendances
        using (source_name, lesson_id, person_id)
),

final as (
    select
        candidates.source_name,
        candidates.lesson_id,
        candidates.person_id,
        pupils.pupil_id,
        lessons.organisation_id,
        enrolments.school_form,
        enrolments.grade,
        lessons.lesson_minutes as scheduled_minutes,
        case when candidates.is_reported then lessons.lesson_minutes else 0 end as offered_minutes,
        case when candidates.is_reported then candidates.valid_absent_minutes else 0 end as valid_absent_minutes,
        case when candidates.is_reported then candidates.invalid_absent_minutes else 0 end as invalid_absent_minutes,
        case when candidates.is_reported then candidates.accounted_minutes end as accounted_minutes,
        candidates.is_reported,
        candidates.has_entry,
        candidates.is_doubled,
        lessons.school_date
    from candidates
    inner join lessons on candidates.source_name = lessons.source_name and candidates.lesson_id = lessons.lesson_id
    inner join {{ ref('int_enrolments__made_exclusive') }} as enrolments
        on
            candidates.source_name = enrolments.source_name
            and candidates.person_id = enrolments.person_id
            and lessons.organisation_id = enrolments.organisation_id
            and lessons.school_date between enrolments.from_date and enrolments.to_date
    inner join {{ ref('int_pupils__identified') }} as pupils
        on candidates.source_name = pupils.source_name and candidates.person_id = pupils.person_id
)

select * from final
