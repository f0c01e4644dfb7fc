-- What is this? Pupils with a mark somewhere, in a row that counts, set aside or waiting, who are not protected.
-- Why does it matter? A child with protected identity could be traced to a school.
-- What to do? Do not publish. dim_pupil must heed every record of int_marks__gathered_by_person.
with marked_people as (
    select * from {{ ref('int_marks__gathered_by_person') }}
)

select spells.pupil_id
from {{ ref('fct_enrolment_spells') }} as spells
semi join marked_people
    on spells.source_name = marked_people.source_name and spells.person_id = marked_people.person_id
inner join {{ ref('dim_pupil') }} as pupils on spells.pupil_id = pupils.pupil_id
where not pupils.is_protected
