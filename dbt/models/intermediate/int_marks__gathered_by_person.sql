-- A mark counts wherever it stands: on a row that counts, in a row set aside at the door, in a night not accepted.
{%- set marked_models = [
    'stg_pupils', 'stg_attendances', 'stg_group_memberships', 'stg_absence_notices', 'stg_grades'
] %}
{%- set marked_entities = ['attendances', 'group_memberships', 'absence_notices', 'grades', 'aggregated_attendances'] %}

with counted as (
    {% for model in marked_models -%}
        select source_name, person_id from {{ ref(model) }} where is_protected
        {% if not loop.last %}union{% endif %}
    {% endfor %}
),

-- Sums have no version; the newest are all that the source says today.
newest_sums as (
    select max(load_id) as load_id
    from {{ source('raw', 'raw__loads') }}
    where entity = 'aggregated_attendances'
    group by source_name
),

summed as (
    select sums._source as source_name, sums.person_id
    from {{ source('raw', 'raw__aggregated_attendances') }} as sums
    semi join newest_sums on sums._load_id = newest_sums.load_id and coalesce(sums.is_protected, true)
),

set_aside as (
    {% for entity in marked_entities -%}
        {{ marks_set_aside(entity) }}
        union
    {% endfor -%}
    {{ marks_set_aside('pupils') }}
    anti join ({{ accepted_rows('pupils') }}) as later
        on landed._source = later._source and landed.person_id = later.person_id and landed._load_id < later._load_id
),

waiting as (
    select source_name, person_id from {{ source('raw', 'raw__waiting_marks') }}
),

marked as (
    select source_name, person_id from counted
    union
    select source_name, person_id from summed
    union
    select source_name, person_id from set_aside
    union
    select source_name, person_id from waiting
),

-- Whoever shares a number with a marked pupil is marked with it, also where the two are held to be different people.
marked_numbers as (
    select pupils.pupil_id
    from {{ ref('stg_pupils') }} as pupils
    semi join marked on pupils.source_name = marked.source_name and pupils.person_id = marked.person_id
),

final as (
    select source_name, person_id from marked
    where person_id is not null
    union
    select pupils.source_name, pupils.person_id
    from {{ ref('stg_pupils') }} as pupils
    semi join marked_numbers on pupils.pupil_id = marked_numbers.pupil_id
)

select * from final
