-- One row per lesson that any register entry names, known to us or not, and how many entries.
with attendances as (
    select * from {{ ref('int_attendances__one_per_lesson_and_pupil') }}
),

final as (
    select
        source_name,
        lesson_id,
        count(*) as entries_count
    from attendances
    group by source_name, lesson_id
)

select * from final
