-- On any day a person record has at most one enrolment at a unit: that with the latest start.
with enrolments as (
    select
        source_name,
        person_id,
        organisation_id,
        school_form,
        grade,
        coalesce(start_date, date '0001-01-01') as from_date,
        coalesce(end_date, date '9999-12-30') as to_date
    from {{ ref('stg_enrolments') }}
    where not is_cancelled
),

edges as (
    select source_name, person_id, organisation_id, from_date as edge_date from enrolments
    union
    select source_name, person_id, organisation_id, to_date + 1 as edge_date from enrolments
),

segments as (
    select
        source_name,
        person_id,
        organisation_id,
        edge_date as from_date,
        lead(edge_date) over (partition by source_name, person_id, organisation_id order by edge_date) - 1 as to_date
    from edges
),

final as (
    select
        segments.source_name,
        segments.person_id,
        segments.organisation_id,
        enrolments.school_form,
        enrolments.grade,
        segments.from_date,
        segments.to_date
    from segments
    inner join enrolments
        on
            segments.source_name = enrolments.source_name
            and segments.person_id = enrolments.person_id
            and segments.organisation_id = enrolments.organisation_id
            and segments.from_date between enrolments.from_date and enrolments.to_date
    qualify
        row_number() over (
            partition by segments.source_name, segments.person_id, segments.organisation_id, segments.from_date
            order by enrolments.from_date desc, enrolments.school_form asc, enrolments.grade asc
        ) = 1
)

select * from final
