with versions as (
    {{ current_versions('attendances', 'attendance_id') }}
),

final as (
    select
        ---------- ids
        _source as source_name,
        attendance_id,
        lesson_id,
        person_id,
        ---------- amounts
        attended_minutes,
        coalesce(valid_absence_minutes, 0) as valid_absent_minutes,
        coalesce(invalid_absence_minutes, 0) as invalid_absent_minutes,
        other_attendance_minutes,
        ---------- booleans
        coalesce(is_reported, false) as is_reported,
        coalesce(is_protected, true) as is_protected,
        ---------- timestamps
        _source_modified_at as source_modified_at
    from versions
)

select * from final
