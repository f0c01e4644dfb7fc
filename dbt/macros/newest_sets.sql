{#- The rows of a set-valued entity whose owner (a person, a group) has no newer load of the set.
    `carriers` are the entities whose rows show that the owner came anew, with or without members. -#}
{% macro newest_sets(entity, set_id, carriers) -%}
    with carried as (
        {% for carrier in carriers %}
            select _source, {{ set_id }}, {{ night_of_load('_load_id') }} as night
            from {{ source('raw', 'raw__' ~ carrier) }}
            {% if not loop.last %}union all{% endif %}
        {% endfor %}
    ),

    newest as (
        select _source, {{ set_id }}, max(night) as night from carried group by _source, {{ set_id }}
    ),

    accepted as (
        {{ accepted_rows(entity) }}
    ),

    final as (
        select accepted.*
        from accepted
        inner join newest
            on
                accepted._source = newest._source
                and accepted.{{ set_id }} = newest.{{ set_id }}
                and {{ night_of_load('accepted._load_id') }} = newest.night
    )

    select final.* from final
{%- endmacro %}

{#- The rows of an entity that is read whole every night: only the source's newest load counts. -#}
{% macro newest_snapshot(entity) -%}
    with newest as (
        select max(load_id) as load_id
        from {{ source('raw', 'raw__loads') }}
        where entity = '{{ entity }}'
        group by source_name
    )

    select accepted.* from ({{ accepted_rows(entity) }}) as accepted
    semi join newest on accepted._load_id = newest.load_id
{%- endmacro %}
