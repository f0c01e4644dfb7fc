{{ config(materialized = 'view') }}

select
    *,
    {{ band_name() }} as band
from {{ ref('int_absence__summed_by_pupil_and_cell') }}
