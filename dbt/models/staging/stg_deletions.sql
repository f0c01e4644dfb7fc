with accepted as (
    {{ accepted_rows('deletions') }}
),

final as (
    select
        ---------- ids
        _source as source_name,
        record_id,
        ---------- codes
        entity,
        ---------- dates
        max({{ night_of_load('_load_id') }}) as deleted_night
    from accepted
    group by _source, record_id, entity
)

select * from final
