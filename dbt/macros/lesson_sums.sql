{#- What a lesson's register looks like, protected pupils left out but for the last: what quality is judged by. -#}
{% macro lesson_sums() -%}
    {%- set is_open = 'not pupils.is_protected' -%}
    {%- set is_reported = is_open ~ ' and pupil_lessons.is_reported' -%}
    {{ summed_where(is_open, 'pupil_lessons.scheduled_minutes') }} as scheduled_minutes,
    {{ summed_where(is_open, 'pupil_lessons.offered_minutes') }} as offered_minutes,
    {{ summed_where(is_open, 'pupil_lessons.absent_minutes') }} as absent_minutes,
    {{ summed_where(is_reported, 'greatest(pupil_lessons.scheduled_minutes - pupil_lessons.accounted_minutes, 0)') }}
        as unexplained_minutes,
    count(*) filter (where {{ is_open }}) as pupils_expected_count,
    count(*) filter (where {{ is_reported }}) as pupils_reported_count,
    count(*) filter (where {{ is_reported }} and pupil_lessons.absent_minutes >= pupil_lessons.scheduled_minutes)
        as pupils_away_count,
    count(*) filter (
        where {{ is_reported }} and {{ minutes_told() }} > pupil_lessons.scheduled_minutes
    ) as pupils_beyond_count,
    count(*) filter (where {{ is_open }} and pupil_lessons.is_doubled) as pupils_doubled_count,
    count(*) filter (where pupil_lessons.has_entry) as entries_expected_count
{%- endmacro %}

{#- A sum over some rows, zero where there are none. -#}
{% macro summed_where(condition, amount) -%}
    cast(coalesce(sum({{ amount }}) filter (where {{ condition }}), 0) as bigint)
{%- endmacro %}

{#- The most that a register entry says of its lesson. -#}
{% macro minutes_told() -%}
    greatest(coalesce(pupil_lessons.accounted_minutes, 0), pupil_lessons.absent_minutes)
{%- endmacro %}
