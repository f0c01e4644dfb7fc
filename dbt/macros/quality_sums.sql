{#- The amounts by which a unit's days and weeks are judged, all additive over lessons. -#}
{% macro quality_sums() -%}
    {{ return(['scheduled_minutes', 'offered_minutes', 'absent_minutes', 'unexplained_minutes',
               'pupils_reported_count', 'pupils_beyond_count', 'pupils_doubled_count', 'entries_count',
               'entries_outside_count']) }}
{%- endmacro %}

{#- The unit's own earlier rows of the same kind: what is usual there in this term. -#}
{% macro earlier(count, partition_by, order_by) -%}
    (partition by {{ partition_by }} order by {{ order_by }} rows between {{ count }} preceding and 1 preceding)
{%- endmacro %}

{#- 2 when it holds for the row and for the one before it in the window, 1 when for the row alone, else 0. -#}
{% macro times_in_a_row(condition, window) -%}
    cast({{ condition }} as bigint) * (1 + cast(coalesce(lag({{ condition }}) over {{ window }}, false) as bigint))
{%- endmacro %}

{#- Part of whole, per cent; null when there is no whole. -#}
{% macro share_pct(part, whole) -%}
    100.0::double * {{ part }} / nullif({{ whole }}, 0)
{%- endmacro %}

{#- The sums of these amounts over a group, as whole numbers. -#}
{% macro summed_up(amounts) -%}
    {% for amount in amounts -%}
        cast(sum({{ amount }}) as bigint) as {{ amount }}{{ ',' if not loop.last }}
    {% endfor %}
{%- endmacro %}
