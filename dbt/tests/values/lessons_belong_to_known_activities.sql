-- What is this? Sources with lessons whose activity is not in their newest list of activities.
-- Why does it matter? Nobody can be expected at them: they drop out of the figures in silence.
-- What to do? Ask the source to keep ended activities in its list for the rest of the school year.
{{ config(severity = 'warn') }}

select lessons.source_name, count(*) as lessons_count
from {{ ref('stg_lessons') }} as lessons
anti join {{ ref('stg_activities') }} as activities
    on lessons.source_name = activities.source_name and lessons.activity_id = activities.activity_id
where not lessons.is_cancelled
group by lessons.source_name
