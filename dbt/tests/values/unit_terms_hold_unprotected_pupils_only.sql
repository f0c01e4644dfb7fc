-- What is this? Units and terms whose scheduled minutes are not those of their unprotected pupils' days.
-- Why does it matter? More would trace a protected child to a school; less would be a wrong figure.
-- What to do? Mend int_absence__summed_by_pupil_and_unit before anything is followed up with it.
with openly as (
    select pupil_days.school_unit_code, pupil_days.term_code, sum(pupil_days.scheduled_minutes) as scheduled_minutes
    from {{ ref('fct_absence_by_pupil_day') }} as pupil_days
    inner join {{ ref('dim_pupil') }} as pupils on pupil_days.pupil_id = pupils.pupil_id
    where not pupils.is_protected
    group by pupil_days.school_unit_code, pupil_days.term_code
)

select units.school_unit_code, units.term_code
from {{ ref('fct_absence_by_school_unit_term') }} as units
left join openly
    on units.school_unit_code = openly.school_unit_code and units.term_code = openly.term_code
where
    units.school_form = 'all'
    and units.sex = 'all'
    and units.scheduled_minutes is distinct from openly.scheduled_minutes
