with versions as (
    {{ current_versions('lessons', 'lesson_id') }}
),

final as (
    select
        ---------- ids
        _source as source_name,
        lesson_id,
        activity_id,
        ---------- amounts
        -- The pupils' teaching length may differ from the clock's: it goes first.
        coalesce(lesson_minutes, cast((epoch_ms(ended_at) - epoch_ms(started_at)) // 60000 as integer))
            as lesson_minutes,
        ---------- booleans
        coalesce(is_cancelled, false) as is_cancelled,
        ---------- dates
        school_date,
        ---------- timestamps
        started_at,
        ended_at
    from versions
)

select * from final
