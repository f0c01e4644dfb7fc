with units as (
    select * from {{ ref('int_school_units__placed') }}
),

final as (
    select
        school_unit_code,
        municipality_code,
        owner_id,
        source_name,
        organisation_id,
        school_unit_name,
        municipality_name,
        owner_name,
        owner_type,
        is_stale,
        start_date,
        end_date
    from units
    where school_unit_code is not null
    -- A unit that two sources claim is described by the first; its lessons count from both.
    qualify row_number() over (partition by school_unit_code order by source_name, organisation_id) = 1
    order by school_unit_code
)

select * from final
