-- Several rows of one lesson and pupil are one register entry: the newest change, then the largest id.
with attendances as (
    select *, hash(source_name, lesson_id, person_id) as pair_hash from {{ ref('stg_attendances') }}
),

recurring as (
    select pair_hash from attendances group by pair_hash having count(*) > 1
),

newest as (
    select attendances.*
    from attendances semi join recurring using (pair_hash)
    qualify
        row_number() over (
            partition by attendances.source_name, attendances.lesson_id, attendances.person_id
            order by attendances.source_modified_at desc nulls last, attendances.attendance_id desc
        ) = 1
),

rows_once as (
    select attendances.* from attendances anti join recurring using (pair_hash)
    union all
    select * from newest
),

final as (
    select
        source_name,
        lesson_id,
        person_id,
        valid_absent_minutes,
        invalid_absent_minutes,
        is_reported
    from rows_once
)

select * from final
