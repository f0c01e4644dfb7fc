-- Protected as soon as any record of the pupil, or any row that refers to one, carries the mark.
with pupils as (
    select * from {{ ref('int_pupils__identified') }}
),

marks as (
    select * from {{ ref('int_marks__gathered_by_person') }}
),

marked_pupils as (
    select distinct pupils.pupil_id
    from pupils
    semi join marks on pupils.source_name = marks.source_name and pupils.person_id = marks.person_id
),

protections as (
    select pupil_id, bool_or(is_protected) as is_protected from pupils group by pupil_id
),

newest as (
    select pupil_id, identity_type, sex
    from pupils
    qualify
        row_number() over (
            partition by pupil_id
            order by source_modified_at desc nulls last, left(_load_id, 8) desc, source_name asc, person_id asc
        ) = 1
),

final as (
    select
        newest.pupil_id,
        newest.identity_type,
        newest.sex,
        protections.is_protected or marked_pupils.pupil_id is not null as is_protected
    from newest
    inner join protections on newest.pupil_id = protections.pupil_id
    left join marked_pupils on newest.pupil_id = marked_pupils.pupil_id
)

select * from final
