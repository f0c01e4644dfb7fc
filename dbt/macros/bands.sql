{#- The bands as [name, lower edge, upper edge]: band_00 is no absence, the last one has no upper edge. -#}
{% macro bands() -%}
    {%- set edges = var('band_edges_pct') -%}
    {%- set found = [['band_00', none, none]] -%}
    {%- for upper in edges + [100] -%}
        {%- set lower = 0 if loop.first else edges[loop.index0 - 1] -%}
        {%- do found.append(['band_%02d_%02d' % (lower, upper), lower, none if loop.last else upper]) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#- The name of a pupil's band, null when the pupil is not classed. -#}
{% macro band_name() -%}
    case
        when not {{ is_classed() }} then null
        when absent_minutes <= 0 then 'band_00'
        {% for name, lower, _upper in bands()[1:] | reverse -%}
            {%- if not loop.last %}
        when {{ is_at_least_pct('absent_minutes', lower, 'offered_minutes') }} then '{{ name }}'
            {%- else %}
        else '{{ name }}'
            {%- endif %}
        {%- endfor %}
    end
{%- endmacro %}

{#- How many classed pupils there are, in each band and at or above each persistent threshold. -#}
{% macro band_counts() -%}
    cast(count(band) as bigint) as classed_pupils_count,
    {% for name, _lower, _upper in bands() -%}
        cast(count(*) filter (where band = '{{ name }}') as bigint) as {{ name }}_count,
    {% endfor %}
    {%- for pct in var('persistent_from_pct') -%}
        cast(
            count(*) filter (
                where band is not null and {{ is_at_least_pct('absent_minutes', pct, 'offered_minutes') }}
            ) as bigint
        ) as persistent_{{ pct }}_count{{ ',' if not loop.last }}
    {% endfor %}
{%- endmacro %}

{#- The names of the columns that band_counts gives. -#}
{% macro band_count_columns() -%}
    {%- set found = ['classed_pupils_count'] -%}
    {%- for name, _lower, _upper in bands() -%}
        {%- do found.append(name ~ '_count') -%}
    {%- endfor -%}
    {%- for pct in var('persistent_from_pct') -%}
        {%- do found.append('persistent_' ~ pct ~ '_count') -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}
