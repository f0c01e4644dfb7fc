with versions as (
    {{ current_versions('grades', 'grade_id') }}
),

final as (
    select
        ---------- ids
        _source as source_name,
        grade_id,
        person_id,
        organisation_id,
        ---------- codes
        coalesce(school_type, 'unknown') as school_form,
        subject_code,
        course_code,
        grade_value,
        correction_type,
        -- The grade's own term, else the half year of its registration.
        coalesce(cast(calendar_year as varchar) || semester, {{ term_code('registered_date') }}) as term_code,
        ---------- booleans
        coalesce(is_final, false) as is_final,
        coalesce(is_trial, false) as is_trial,
        coalesce(is_converted, false) as is_converted,
        coalesce(has_adapted_study_plan, false) as has_adapted_study_plan,
        coalesce(is_protected, true) as is_protected,
        ---------- dates
        registered_date,
        ---------- timestamps
        _source_modified_at as source_modified_at
    from versions
)

select * from final
