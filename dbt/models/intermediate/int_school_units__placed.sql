-- Every unit of every source with its owner and the municipality it lies in, units outside the county left out.
with units as (
    select * from {{ ref('stg_school_units') }}
),

sources as (
    select * from {{ ref('dim_source') }}
),

municipalities as (
    select * from {{ source('raw', 'raw__municipalities') }}
),

placed as (
    select
        units.source_name,
        units.organisation_id,
        units.school_unit_code,
        -- A municipality's own unit lies at home unless it says otherwise.
        coalesce(units.municipality_code, sources.municipality_code) as municipality_code,
        sources.owner_id,
        sources.owner_type,
        units.school_unit_name,
        sources.owner_name,
        sources.is_stale,
        units.start_date,
        units.end_date
    from units
    inner join sources on units.source_name = sources.source_name
),

final as (
    select
        placed.*,
        municipalities.municipality_name
    from placed
    left join municipalities on placed.municipality_code = municipalities.municipality_code
    where placed.municipality_code is null or municipalities.municipality_code is not null
)

select * from final
