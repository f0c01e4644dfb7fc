with snapshot as (
    {{ newest_snapshot('activities') }}
),

final as (
    select
        ---------- ids
        _source as source_name,
        activity_id,
        organisation_id,
        group_ids,
        ---------- codes
        nfc_normalize(activity_type) as activity_type,
        subject_code,
        course_code,
        ---------- names
        nfc_normalize(subject_name) as subject_name,
        ---------- dates
        start_date,
        end_date
    from snapshot
    qualify row_number() over (partition by _source, activity_id order by _row desc) = 1
)

select * from final
