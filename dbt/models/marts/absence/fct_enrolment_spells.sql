with enrolments as (
    select * from {{ ref('int_enrolments__made_exclusive') }}
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
        enrolments.source_name,
        enrolments.person_id,
        enrolments.organisation_id,
        units.school_unit_code,
        units.municipality_code,
        enrolments.school_form,
        enrolments.grade,
        nullif(enrolments.from_date, date '0001-01-01') as start_date,
        nullif(enrolments.to_date, date '9999-12-30') as end_date
    from enrolments
    inner join pupils on enrolments.source_name = pupils.source_name and enrolments.person_id = pupils.person_id
    left join units
        on enrolments.source_name = units.source_name and enrolments.organisation_id = units.organisation_id
)

select * from final
