-- What is this? Rows whose key is doubled or has a null in it.
-- Why does it matter? A doubled row is counted twice by everybody who sums the table.
-- What to do? Look upstream for a join that fans out; a staging model keeps one version per record.
{% test is_unique_and_known(model, key) %}
    select {{ key | join(', ') }}
    from {{ model }}
    group by {{ key | join(', ') }}
    having count(*) > 1 or {% for column in key %}{{ column }} is null{{ ' or ' if not loop.last }}{% endfor %}
{% endtest %}
