-- What is this? Pupil-days with more offered than scheduled minutes, or minutes below zero on either side.
-- Why does it matter? Coverage passes 100 % and the absence rate gets too small a share of the truth.
-- What to do? Look in int_lessons__expanded_to_pupils for the lesson: its length is wrong or the pupil is doubled.
select pupil_id, school_date
from {{ ref('fct_absence_by_pupil_day') }}
where offered_minutes > scheduled_minutes or offered_minutes < 0
