{#- The accepted rows of an entity: what is landed, less the quarantined rows. -#}
{% macro accepted_rows(entity) -%}
    select landed.*
    from {{ source('raw', 'raw__' ~ entity) }} as landed
    anti join {{ source('raw', 'raw__quarantined_rows') }} as quarantined
        on landed._load_id = quarantined._load_id and landed._row = quarantined._row
{%- endmacro %}

{#- The person records marked by rows that were set aside at the door: their figures wait, their mark does not. -#}
{% macro marks_set_aside(entity) -%}
    select landed._source as source_name, landed.person_id
    from {{ source('raw', 'raw__' ~ entity) }} as landed
    semi join {{ source('raw', 'raw__quarantined_rows') }} as quarantined
        on
            landed._load_id = quarantined._load_id
            and landed._row = quarantined._row
            and coalesce(landed.is_protected, true)
{%- endmacro %}

{#- The current version of every record: newest change, then newest load; deleted records are gone.
    Hardly any record has several versions: only those few are sorted (docs/adr/0032). -#}
{% macro current_versions(entity, record_id) -%}
    with accepted as (
        select accepted_rows.*, hash(_source, {{ record_id }}) as record_hash
        from ({{ accepted_rows(entity) }}) as accepted_rows
    ),

    recurring as (
        select record_hash from accepted group by record_hash having count(*) > 1
    ),

    single as (
        select accepted.*, accepted._load_id as _last_load_id from accepted anti join recurring using (record_hash)
    ),

    newest as (
        {{ newest_of_recurring(record_id) }}
    ),

    final as (
        select * from single
        union all
        select * from newest
    )

    select final.* from final
    {{ without_deleted(entity, record_id, 'final._last_load_id') }}
{%- endmacro %}

{#- The newest version of each record that came more than once. A record of which some version has no time of change
    goes by nights: a source that stops telling times, and then begins again, must not leave what it said in between. -#}
{% macro newest_of_recurring(record_id) -%}
    {%- set record = 'partition by accepted._source, accepted.' ~ record_id -%}
    select * exclude (_is_untimed)
    from (
        select
            accepted.*,
            max(accepted._load_id) over ({{ record }}) as _last_load_id,
            bool_or(accepted._source_modified_at is null) over ({{ record }}) as _is_untimed
        from accepted semi join recurring using (record_hash)
    ) as accepted
    qualify
        row_number() over (
            {{ record }}
            order by
                case when accepted._is_untimed then {{ night_of_load('accepted._load_id') }} end desc,
                accepted._source_modified_at desc, accepted._load_id desc, accepted._row desc
        ) = 1
{%- endmacro %}

{#- Drops the records that the source deleted in a later night than the last that carried them. -#}
{% macro without_deleted(entity, record_id, last_load_id) -%}
    anti join {{ ref('stg_deletions') }} as deletions
        on
            final._source = deletions.source_name
            and deletions.entity = '{{ entity }}'
            and final.{{ record_id }} = deletions.record_id
            and {{ night_of_load(last_load_id) }} < deletions.deleted_night
{%- endmacro %}

{#- The night of a load, YYYYMMDD: a load id begins with it, so load ids of one source sort by night. -#}
{% macro night_of_load(load_id) -%}
    left({{ load_id }}, 8)
{%- endmacro %}
