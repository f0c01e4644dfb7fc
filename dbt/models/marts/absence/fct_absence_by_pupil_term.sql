with cells as (
    select * from {{ ref('int_absence__banded_by_pupil_and_cell') }}
    where is_county and school_form = 'all' and grade = 'all'
),

pupils as (
    select * from {{ ref('dim_pupil') }}
),

final as (
    select
        cells.pupil_id,
        cells.term_code,
        cells.sex,
        cells.band,
        cells.scheduled_minutes,
        cells.offered_minutes,
        cells.valid_absent_minutes,
        cells.invalid_absent_minutes,
        cells.absent_minutes,
        cells.offered_days,
        {{ coverage_pct() }} as coverage_pct,
        {{ absence_rate_pct() }} as absence_rate_pct,
        cells.band is not null as is_classed,
        pupils.is_protected
    from cells
    inner join pupils on cells.pupil_id = pupils.pupil_id
)

select * from final
