{#- The additive minutes of absence, summed; sums leave as BIGINT. -#}
{% macro summed_minutes(prefix='') -%}
    {% for measure in minute_measures() -%}
        cast(coalesce(sum({{ prefix }}{{ measure }}), 0) as bigint) as {{ measure }}{{ ',' if not loop.last }}
    {% endfor %}
{%- endmacro %}

{#- The additive minutes, in the order of the published columns. -#}
{% macro minute_measures() -%}
    {{ return(['scheduled_minutes', 'offered_minutes', 'valid_absent_minutes', 'invalid_absent_minutes',
               'absent_minutes']) }}
{%- endmacro %}

{#- Offered minutes of 100 scheduled; null when nothing was scheduled. -#}
{% macro coverage_pct(offered_minutes='offered_minutes', scheduled_minutes='scheduled_minutes') -%}
    100.0::double * {{ offered_minutes }} / nullif({{ scheduled_minutes }}, 0)
{%- endmacro %}

{#- Absent minutes of 100 offered; null when nothing was offered. -#}
{% macro absence_rate_pct(absent_minutes='absent_minutes', offered_minutes='offered_minutes') -%}
    100.0::double * {{ absent_minutes }} / nullif({{ offered_minutes }}, 0)
{%- endmacro %}

{#- True when part is at least pct per cent of whole: integers only, never a rounded rate. -#}
{% macro is_at_least_pct(part, pct, whole) -%}
    (100 * {{ part }} >= {{ pct }} * {{ whole }})
{%- endmacro %}

{#- True once a pupil has enough days and enough taken registers to be placed in a band. -#}
{% macro is_classed() -%}
    (
        offered_days >= {{ var('min_offered_days') }}
        and {{ is_at_least_pct('offered_minutes', var('min_coverage_pct'), 'scheduled_minutes') }}
    )
{%- endmacro %}

{#- Who, how much and at what rate, in published order; `prefix` names the relation. -#}
{% macro published_absence(prefix) -%}
    cast({{ prefix }}.pupils_count as bigint) as pupils_count,
    {% for measure in minute_measures() %}
        {{ prefix }}.{{ measure }},
    {% endfor %}
    {{ coverage_pct() }} as coverage_pct,
    {{ absence_rate_pct() }} as absence_rate_pct
{%- endmacro %}
