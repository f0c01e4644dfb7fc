with versions as (
    {{ current_versions('absence_notices', 'absence_notice_id') }}
),

final as (
    select
        ---------- ids
        _source as source_name,
        absence_notice_id,
        person_id,
        organisation_id,
        ---------- codes
        nfc_normalize(notice_type) as notice_type,
        ---------- booleans
        coalesce(is_protected, true) as is_protected,
        ---------- timestamps
        started_at,
        ended_at
    from versions
)

select * from final
