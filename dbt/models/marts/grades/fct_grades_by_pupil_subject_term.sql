with grades as (
    select * from {{ ref('stg_grades') }}
),

pupils as (
    select * from {{ ref('int_pupils__identified') }}
),

units as (
    select * from {{ ref('int_school_units__placed') }}
),

final as (
    select
        pupils.pupil_id,
        grades.source_name,
        grades.organisation_id,
        grades.grade_id,
        units.school_unit_code,
        units.municipality_code,
        grades.school_form,
        coalesce(grades.subject_code, 'unknown') as subject_code,
        coalesce(grades.course_code, 'none') as course_code,
        grades.term_code,
        grades.grade_value,
        grades.is_final,
        grades.is_trial,
        grades.has_adapted_study_plan,
        grades.registered_date
    from grades
    inner join pupils on grades.source_name = pupils.source_name and grades.person_id = pupils.person_id
    left join units on grades.source_name = units.source_name and grades.organisation_id = units.organisation_id
    qualify
        row_number() over (
            partition by
                pupils.pupil_id,
                coalesce(grades.subject_code, 'unknown'),
                coalesce(grades.course_code, 'none'),
                grades.term_code
            order by
                grades.registered_date desc nulls last,
                grades.source_modified_at desc nulls last,
                grades.grade_id desc
        ) = 1
)

select * from final
