-- What is this? Pupil-days with more absence than offered time, or with negative absence.
-- Why does it matter? Nothing is clipped, so one impossible register entry moves a small unit's rate.
-- What to do? Tell the source's school office; the door's suite for attendances should have caught the row.
{{ config(severity = 'warn') }}

select pupil_id, school_date
from {{ ref('fct_absence_by_pupil_day') }}
where absent_minutes > offered_minutes or valid_absent_minutes < 0 or invalid_absent_minutes < 0
