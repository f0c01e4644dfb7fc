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
    select single.*, false as is_doubled
    from (select attendances.* from attendances anti join recurring using (pair_hash)) as single
    union all
    select newest.*, true as is_doubled from newest
),

final as (
    select
        source_name,
        lesson_id,
        person_id,
        valid_absent_minutes,
        invalid_absent_minutes,
        -- What the entry says of the lesson's time; nobody knows where the source tells no attended minutes.
        attended_minutes + valid_absent_minutes + invalid_absent_minutes + coalesce(other_attendance_minutes, 0)
            as accounted_minutes,
        is_reported,
        is_doubled
    from rows_once
)

select * from final
