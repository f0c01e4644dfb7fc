"""Which landed rows are about one pupil: the same for who erases them and who tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from narvaro.sources import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Collection

# A condition in SQL, and the values that it names.
Asked = tuple[str, dict[str, object]]


def rows_of_pupil(entity: str, pupil_id: str, people: Collection[str]) -> Asked | None:
    """Give what to ask of a source's rows of an entity; None where no row can be about the pupil."""
    if "person_id" not in ENTITIES[entity].names or (not people and entity != "pupils"):
        return None
    parameters: dict[str, object] = {"people": sorted(people)}
    condition = "person_id in (select unnest($people::varchar[]))"
    if entity != "pupils":
        return condition, parameters
    return f"{condition} or pupil_id = $pupil", parameters | {"pupil": pupil_id}


def deletions_of_pupil(people: Collection[str], ids: Collection[str]) -> Asked:
    """Give what to ask of a source's deletions; `ids` name the pupil's entries in the school's system."""
    condition = (
        "(entity = 'pupils' and record_id in (select unnest($people::varchar[]))) "
        "or record_id in (select unnest($ids::varchar[]))"
    )
    return condition, {"people": sorted(people), "ids": sorted(ids)}
