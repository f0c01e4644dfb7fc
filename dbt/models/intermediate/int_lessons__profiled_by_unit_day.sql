-- Every school day of every unit from its first to its last lesson that we know, also those without a lesson.
with lessons as (
    select
        school_unit_code,
        school_date,
        count(*) as timetabled_lessons_count,
        count(*) filter (where not is_cancelled) as held_lessons_count,
        count(*) filter (where is_whole_class_away) as whole_class_away_lessons_count,
        {{ summed_up(quality_sums()) }}
    from {{ ref('int_lessons__profiled') }}
    group by school_unit_code, school_date
),

calendar as (
    select * from {{ ref('dim_school_day') }}
),

units as (
    select * from {{ ref('dim_school_unit') }}
),

sources as (
    select * from {{ ref('dim_source') }}
),

known as (
    select
        units.school_unit_code,
        units.municipality_code,
        min(lessons.school_date) as first_date,
        -- A unit that has no lesson any more is still asked for them while its source delivers.
        any_value(least(coalesce(units.end_date, date '9999-12-30'), sources.last_good_night_date - 1)) as last_date
    from lessons
    inner join units on lessons.school_unit_code = units.school_unit_code
    inner join sources on units.source_name = sources.source_name
    group by units.school_unit_code, units.municipality_code
),

final as (
    select
        known.school_unit_code,
        calendar.term_code,
        calendar.iso_week,
        coalesce(lessons.timetabled_lessons_count, 0) as timetabled_lessons_count,
        coalesce(lessons.held_lessons_count, 0) as held_lessons_count,
        coalesce(lessons.whole_class_away_lessons_count, 0) as whole_class_away_lessons_count,
        {% for amount in quality_sums() -%}
            coalesce(lessons.{{ amount }}, 0) as {{ amount }},
        {% endfor %}
        calendar.is_school_day,
        -- Until its Friday is known, a week may yet become an ordinary one.
        calendar.week_start_date + 4 <= known.last_date as is_whole_week,
        calendar.school_date
    from known
    inner join calendar
        on
            known.municipality_code = calendar.municipality_code
            and calendar.school_date between known.first_date and known.last_date
    left join lessons
        on known.school_unit_code = lessons.school_unit_code and calendar.school_date = lessons.school_date
    where calendar.is_school_day or lessons.school_unit_code is not null
)

select * from final
