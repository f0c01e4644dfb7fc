-- What is this? School units that name no municipality and whose owner is not one.
-- Why does it matter? Their pupils count in the county's figures, but in no municipality's.
-- What to do? Ask the owner to fill in municipalityCode of its school units.
{{ config(severity = 'warn') }}

select source_name, organisation_id
from {{ ref('int_school_units__placed') }}
where municipality_code is null
