with versions as (
    {{ newest_sets('group_memberships', 'group_id', carriers=['group_memberships']) }}
    {{ without_deleted('group_memberships', 'group_id', 'final._load_id') }}
),

final as (
    select
        ---------- ids
        _source as source_name,
        group_id,
        organisation_id,
        person_id,
        ---------- codes
        group_type,
        ---------- booleans
        coalesce(is_protected, true) as is_protected,
        ---------- dates
        start_date,
        end_date
    from versions
    -- A null person stands for an empty group.
    where person_id is not null
)

select * from final
