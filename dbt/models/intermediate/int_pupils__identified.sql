-- The human being that each person record stands for. A samordningsnummer that a source has replaced by a
-- personnummer is the same pupil everywhere; what cannot be one human being is joined to nothing (docs/adr/0061).
with pupils as (
    select * from {{ ref('stg_pupils') }}
),

versions as (
    {{ accepted_rows('pupils') }}
),

-- One number and two sexes in one register: two people are claimed to be one, and nobody can tell whose it is.
disputed_numbers as (
    select source_name, pupil_id from pupils
    group by source_name, pupil_id having count(distinct sex) filter (where sex <> 'Okänt') > 1
),

replacements as (
    select distinct versions.pupil_id as former_pupil_id, pupils.pupil_id
    from pupils
    inner join versions on pupils.source_name = versions._source and pupils.person_id = versions.person_id
    where versions.identity_type = 'samordningsnummer' and pupils.identity_type = 'personnummer'
),

-- A source that has the former number and the new one side by side says that they are two people.
disputed_replacements as (
    select replacements.former_pupil_id
    from replacements
    inner join pupils as formers on replacements.former_pupil_id = formers.pupil_id
    inner join pupils as successors on replacements.pupil_id = successors.pupil_id
    where
        formers.source_name = successors.source_name
        or (formers.sex <> successors.sex and formers.sex <> 'Okänt' and successors.sex <> 'Okänt')
    union
    select former_pupil_id from replacements group by former_pupil_id having count(*) > 1
),

links as (
    select replacements.*
    from replacements
    anti join disputed_replacements on replacements.former_pupil_id = disputed_replacements.former_pupil_id
    anti join disputed_numbers on replacements.pupil_id = disputed_numbers.pupil_id
),

final as (
    select
        pupils.* replace (
            case
                when disputed_numbers.pupil_id is not null then pupils.person_id
                else coalesce(links.pupil_id, pupils.pupil_id)
            end as pupil_id
        ),
        disputed_numbers.pupil_id is not null or disputed_replacements.former_pupil_id is not null as is_disputed
    from pupils
    left join disputed_numbers
        on pupils.source_name = disputed_numbers.source_name and pupils.pupil_id = disputed_numbers.pupil_id
    left join disputed_replacements on pupils.pupil_id = disputed_replacements.former_pupil_id
    left join links on pupils.pupil_id = links.former_pupil_id
)

select * from final
