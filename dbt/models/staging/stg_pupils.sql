with versions as (
    {{ current_versions('pupils', 'person_id') }}
),

final as (
    select
        ---------- ids
        _source as source_name,
        person_id,
        pupil_id,
        ---------- codes
        identity_type,
        {{ known_sex('sex') }} as sex,
        ---------- booleans
        -- A missing mark is treated as a mark: protection fails closed.
        coalesce(is_protected, true) as is_protected,
        ---------- timestamps
        _source_modified_at as source_modified_at,
        ---------- machinery
        _load_id
    from versions
)

select * from final
