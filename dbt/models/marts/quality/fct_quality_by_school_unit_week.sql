-- A week is held against the weeks before it in the same term and unit.
with weeks as (
    select
        *,
        {{ coverage_pct() }} as coverage_pct
    from {{ ref('int_lessons__profiled_by_unit_week') }}
),

compared as (
    select
        *,
        -- Only weeks with lessons to report are compared: a break is no change of habit.
        count(coverage_pct) over usual_week as earlier_weeks_count,
        median(coverage_pct) over usual_week as usual_coverage_pct
    from weeks
    window
        usual_week
        as {{ earlier(var('quality_usual_weeks'), 'school_unit_code, term_code, coverage_pct is null', 'iso_week') }}
),

final as (
    select
        school_unit_code,
        iso_week,
        scheduled_minutes,
        offered_minutes,
        cast(unbroken_presence_minutes as bigint) as unbroken_presence_minutes,
        timetabled_lessons_count,
        whole_class_away_lessons_count,
        weeks_without_absence_count,
        pupils_beyond_count,
        pupils_doubled_count,
        entries_outside_count,
        coverage_pct,
        case when earlier_weeks_count >= {{ var('quality_min_earlier') }} then coverage_pct - usual_coverage_pct end
            as coverage_change_points,
        {{ share_pct('unexplained_minutes', 'offered_minutes') }} as unexplained_pct,
        {{ share_pct('entries_outside_count', 'entries_count') }} as entries_outside_pct,
        {{ share_pct('pupils_doubled_count', 'pupils_reported_count') }} as pupils_doubled_pct
    from compared
    where timetabled_lessons_count > 0
    order by school_unit_code, iso_week
)

select * from final
