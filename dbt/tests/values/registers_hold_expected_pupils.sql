-- What is this? Sources where more than 1 % of the register entries of counting lessons are of pupils not expected.
-- Why does it matter? Those minutes count nowhere: an enrolment is missing, ended too early or at another unit.
-- What to do? Compare the pupils' enrolments in the source with the unit that gives the activity.
{{ config(severity = 'warn') }}

with entries as (
    select attendances.source_name, attendances.lesson_id, attendances.person_id
    from {{ ref('int_attendances__one_per_lesson_and_pupil') }} as attendances
    semi join {{ ref('int_lessons__counted') }} as lessons
        on attendances.source_name = lessons.source_name and attendances.lesson_id = lessons.lesson_id
),

sources as (
    select source_name, count(*) as entries_count from entries group by source_name
),

pupil_lessons as (
    select * from {{ ref('int_lessons__expanded_to_pupils') }}
),

expected as (
    select entries.source_name, count(*) as entries_count
    from entries semi join pupil_lessons
        on
            entries.source_name = pupil_lessons.source_name
            and entries.lesson_id = pupil_lessons.lesson_id
            and entries.person_id = pupil_lessons.person_id
    group by entries.source_name
)

select sources.source_name, sources.entries_count - coalesce(expected.entries_count, 0) as unexpected_count
from sources
left join expected on sources.source_name = expected.source_name
where 100 * (sources.entries_count - coalesce(expected.entries_count, 0)) > sources.entries_count
