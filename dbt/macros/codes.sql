{#- One of Kvinna, Man and Okänt, however its letters came. -#}
{% macro known_sex(sex) -%}
    case when nfc_normalize({{ sex }}) in ('Kvinna', 'Man') then nfc_normalize({{ sex }}) else 'Okänt' end
{%- endmacro %}

{#- The term of a day: July to December is HT, January to June is VT. -#}
{% macro term_code(day) -%}
    cast(year({{ day }}) as varchar) || case when month({{ day }}) >= 7 then 'HT' else 'VT' end
{%- endmacro %}

{#- The school year of a term: 2026/27 for both 2026HT and 2027VT. -#}
{% macro school_year(term_code) -%}
    {%- set first_year = 'cast(left(' ~ term_code ~ ', 4) as integer)' -%}
    case
        when {{ term_code }} like '%HT'
            then cast({{ first_year }} as varchar) || '/' || right(cast({{ first_year }} + 1 as varchar), 2)
        else cast({{ first_year }} - 1 as varchar) || '/' || right(cast({{ first_year }} as varchar), 2)
    end
{%- endmacro %}

{#- A list of codes as SQL literals. -#}
{% macro quoted(codes) -%}
    {% for code in codes %}'{{ code }}'{{ ', ' if not loop.last }}{% endfor %}
{%- endmacro %}
