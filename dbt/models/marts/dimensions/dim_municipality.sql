with municipalities as (
    select * from {{ source('raw', 'raw__municipalities') }}
),

sources as (
    select * from {{ ref('dim_source') }}
),

units as (
    select * from {{ ref('int_school_units__placed') }}
),

-- A municipality's figures rest on its own source and on every source with a unit there.
resting_on as (
    select municipality_code, is_stale from sources where municipality_code is not null
    union all
    select municipality_code, is_stale from units where municipality_code is not null
),

staleness as (
    select municipality_code, bool_or(is_stale) as is_stale from resting_on group by municipality_code
),

final as (
    select
        municipalities.municipality_code,
        county.county_code,
        municipalities.municipality_name,
        coalesce(staleness.is_stale, false) as is_stale
    from municipalities
    cross join {{ source('raw', 'raw__county') }} as county
    left join staleness on municipalities.municipality_code = staleness.municipality_code
    order by municipalities.municipality_code
)

select * from final
