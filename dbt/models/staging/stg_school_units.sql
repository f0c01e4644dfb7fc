with snapshot as (
    {{ newest_snapshot('school_units') }}
),

final as (
    select
        ---------- ids
        _source as source_name,
        organisation_id,
        ---------- codes
        school_unit_code,
        municipality_code,
        school_types,
        ---------- names
        nfc_normalize(school_unit_name) as school_unit_name,
        ---------- dates
        start_date,
        end_date
    from snapshot
    qualify row_number() over (partition by _source, organisation_id order by _row desc) = 1
)

select * from final
