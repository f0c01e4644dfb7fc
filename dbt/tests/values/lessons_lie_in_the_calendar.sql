-- What is this? Held lessons on days of a school year that config/calendar.yml does not have.
-- Why does it matter? They have no term and no week: they drop out of the figures.
-- What to do? Enter the school year in config/calendar.yml.
{{ config(severity = 'warn') }}

select lessons.source_name, min(lessons.school_date) as first_date, count(*) as lessons_count
from {{ ref('stg_lessons') }} as lessons
anti join {{ source('raw', 'raw__calendar_days') }} as calendar
    on lessons.school_date = calendar.school_date and calendar.municipality_code is null
where not lessons.is_cancelled
group by lessons.source_name
