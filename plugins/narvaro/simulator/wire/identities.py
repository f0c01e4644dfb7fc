"""The ids of a source's numbered objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from narvaro.simulator.randomness import Bytes, uuid_bytes
from narvaro.simulator.wire.writer import OWNER, STAFF_OFFSET

if TYPE_CHECKING:
    from narvaro.simulator.tables import Bool, Int64
    from narvaro.simulator.wire.view import View

_ID_KINDS = {
    "organisations": "organisation",
    "persons": "person",
    "groups": "group",
    "activities": "activity",
    "syllabuses": "syllabus",
    "attendances": "attendance",
    "absences": "absence",
    "grades": "grade",
}


def are_asked(ids: Bytes, asked: list[str]) -> Bool:
    """Tell which ids, given as rows of ASCII bytes, are among the asked ones."""
    return np.isin(ids.view("S36").ravel(), np.array([text.encode("ascii", "replace") for text in asked], "S36"))


def id_bytes(view: View, place: int, resource: str, numbers: Int64) -> Bytes:
    """Give the ids of numbered objects, as rows of ASCII bytes."""
    seed = view.world.config.seed
    if resource == "calendarEvents":
        return view.lesson_ids(numbers)
    ids = uuid_bytes(seed, _ID_KINDS[resource], np.maximum(numbers, 0))
    if resource == "organisations":
        ids[numbers == OWNER] = uuid_bytes(seed, "owner", place)
    if resource == "persons":
        is_staff = numbers >= STAFF_OFFSET
        ids[is_staff] = uuid_bytes(seed, "staff", numbers[is_staff] - STAFF_OFFSET)
    return ids


def ids_of(view: View, place: int, resource: str, numbers: Int64) -> list[str]:
    """Give the ids of numbered objects as text."""
    return [one.decode() for one in id_bytes(view, place, resource, numbers).view("S36").ravel().tolist()]
