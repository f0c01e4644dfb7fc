-- The whole weeks of every unit: what its registers say, and for how many weeks nobody was away.
with weeks as (
    select
        school_unit_code,
        iso_week,
        min(term_code) as term_code,
        count(*) filter (where is_school_day) as school_days_count,
        {{ summed_up(['timetabled_lessons_count', 'whole_class_away_lessons_count'] + quality_sums()) }}
    from {{ ref('int_lessons__profiled_by_unit_day') }}
    where is_whole_week
    group by school_unit_code, iso_week
),

spells as (
    select
        *,
        -- A new spell begins after every week with absence; weeks without registers are in none.
        sum(case when absent_minutes > 0 then 1 else 0 end)
            over (partition by school_unit_code, term_code order by iso_week) as spell_number
    from weeks
),

final as (
    select
        *,
        -- The spell's first week is the one with absence, but for the first spell of a term.
        count(*) filter (where absent_minutes = 0 and offered_minutes > 0) over spell
        * cast(absent_minutes = 0 as bigint) as weeks_without_absence_count,
        coalesce(sum(offered_minutes) filter (where absent_minutes = 0) over spell, 0)
        * cast(absent_minutes = 0 as bigint) as unbroken_presence_minutes
    from spells
    window spell as (partition by school_unit_code, term_code, spell_number order by iso_week)
)

select * from final
