-- Who belongs to an activity, and when: spells of its groups' memberships, merged so that none overlap.
with activities as (
    select source_name, activity_id, unnest(group_ids) as group_id from {{ ref('stg_activities') }}
),

memberships as (
    select distinct
        activities.source_name,
        activities.activity_id,
        memberships.person_id,
        coalesce(memberships.start_date, date '0001-01-01') as from_date,
        coalesce(memberships.end_date, date '9999-12-30') as to_date
    from activities
    inner join {{ ref('stg_group_memberships') }} as memberships
        on activities.source_name = memberships.source_name and activities.group_id = memberships.group_id
    where from_date <= to_date
),

marked as (
    select
        *,
        from_date > 1 + max(to_date) over (
            partition by source_name, activity_id, person_id
            order by from_date, to_date
            rows between unbounded preceding and 1 preceding
        ) as is_after_gap
    from memberships
),

numbered as (
    select
        *,
        count(*) filter (where is_after_gap) over (
            partition by source_name, activity_id, person_id order by from_date, to_date
        ) as spell_number
    from marked
),

final as (
    select
        source_name,
        activity_id,
        person_id,
        min(from_date) as from_date,
        max(to_date) as to_date
    from numbered
    group by source_name, activity_id, person_id, spell_number
)

select * from final
