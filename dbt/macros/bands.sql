{#- The name of a pupil's band, null when the pupil is not classed; band_00 is no absence at all.
    A band's name holds its lower edge: band_05_10 is from 5 to below 10 per cent. -#}
{% macro band_name() -%}
    case
        when not {{ is_classed() }} then null
        when absent_minutes <= 0 then 'band_00'
        {% for band in var('bands') | reverse %}
            when {{ is_at_least_pct('absent_minutes', band[5:7] | int, 'offered_minutes') }} then '{{ band }}'
        {% endfor %}
    end
{%- endmacro %}

{#- How many classed pupils there are, in each band and at or above each persistent threshold. -#}
{% macro band_counts() -%}
    count(band) as classed_pupils_count,
    count(*) filter (where band = 'band_00') as band_00_count,
    {% for band in var('bands') %}
        count(*) filter (where band = '{{ band }}') as {{ band }}_count,
    {% endfor %}
    {% for pct in var('persistent_from_pct') %}
        count(*) filter (
            where band is not null and {{ is_at_least_pct('absent_minutes', pct, 'offered_minutes') }}
        ) as persistent_{{ pct }}_count{{ ',' if not loop.last }}
    {% endfor %}
{%- endmacro %}

{#- The columns that band_counts gives, in published order; `prefix` names the relation. -#}
{% macro published_bands(prefix) -%}
    {{ prefix }}.classed_pupils_count,
    {{ prefix }}.band_00_count,
    {% for band in var('bands') %}
        {{ prefix }}.{{ band }}_count,
    {% endfor %}
    {% for pct in var('persistent_from_pct') %}
        {{ prefix }}.persistent_{{ pct }}_count{{ ',' if not loop.last }}
    {% endfor %}
{%- endmacro %}
