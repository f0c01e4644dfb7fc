with owners as (
    select * from {{ source('raw', 'raw__owners') }}
),

final as (
    select
        owner_id,
        municipality_code,
        owner_name,
        owner_type
    from owners
    order by owner_id
)

select * from final
