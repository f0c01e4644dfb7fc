-- What is this? Cells whose bands do not sum to the classed pupils, or where a persistent count disagrees with them.
-- Why does it matter? The distribution would show pupils twice or lose them.
-- What to do? Compare macros/bands.sql with the vars bands and persistent_from_pct; every threshold is a band's edge.
select
    is_county,
    municipality_code,
    term_code,
    owner_type,
    school_form,
    grade,
    sex
from {{ ref('int_absence__summed_by_cell') }}
where
    classed_pupils_count <> (
        band_00_count
        {% for band in var('bands') %}
            + {{ band }}_count
        {% endfor %}
    )
    {% for pct in var('persistent_from_pct') %}
        or persistent_{{ pct }}_count <> (
            0
            {% for band in var('bands') if band[5:7] | int >= pct | int %}
                + {{ band }}_count
            {% endfor %}
        )
    {% endfor %}
