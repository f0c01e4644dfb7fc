-- What is this? Units and weeks whose scheduled minutes still hold those of protected pupils.
-- Why does it matter? A child with protected identity could be traced to a school.
-- What to do? Do not publish. int_absence__summed_by_unit_week must read unprotected pupil-days only.
with openly as (
    select pupil_days.school_unit_code, pupil_days.iso_week, sum(pupil_days.scheduled_minutes) as scheduled_minutes
    from {{ ref('fct_absence_by_pupil_day') }} as pupil_days
    inner join {{ ref('dim_pupil') }} as pupils on pupil_days.pupil_id = pupils.pupil_id
    where not pupils.is_protected
    group by pupil_days.school_unit_code, pupil_days.iso_week
)

select units.school_unit_code, units.iso_week
from {{ ref('fct_absence_by_school_unit_week') }} as units
left join openly
    on units.school_unit_code = openly.school_unit_code and units.iso_week = openly.iso_week
where units.scheduled_minutes is distinct from openly.scheduled_minutes
