with versions as (
    {{ newest_sets('enrolments', 'person_id', carriers=['pupils', 'enrolments']) }}
    {{ without_deleted('pupils', 'person_id', 'final._load_id') }}
),

final as (
    select
        ---------- ids
        _source as source_name,
        person_id,
        organisation_id,
        ---------- codes
        coalesce(school_type, 'unknown') as school_form,
        coalesce(cast(grade as varchar), 'unknown') as grade,
        education_code,
        ---------- booleans
        coalesce(is_cancelled, false) as is_cancelled,
        ---------- dates
        start_date,
        end_date
    from versions
)

select * from final
