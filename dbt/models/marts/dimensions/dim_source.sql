with sources as (
    select * from {{ source('raw', 'raw__sources') }}
),

owners as (
    select * from {{ ref('dim_owner') }}
),

final as (
    select
        sources.source_name,
        sources.owner_id,
        owners.municipality_code,
        owners.owner_name,
        owners.owner_type,
        sources.is_stale,
        sources.last_good_night_date
    from sources
    inner join owners on sources.owner_id = owners.owner_id
    order by sources.source_name
)

select * from final
