"""What every object of one source's answers has in common."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from narvaro.simulator import vocabulary
from narvaro.simulator.randomness import uuid
from narvaro.simulator.tables import MARKINGS
from narvaro.simulator.wire.style import style_of

if TYPE_CHECKING:
    from narvaro.simulator.tables import Int64
    from narvaro.simulator.wire.view import View

STAFF_PER_UNIT = 8
# Staff is numbered below the owner and after the pupils: persons are pupils first.
STAFF_OFFSET = 1 << 40
OWNER = -1
Object = dict[str, Any]


class Writer:
    """Writes the objects of one source at one moment."""

    def __init__(self, view: View, place: int, *, has_names: bool = False, has_protected_names: bool = False) -> None:
        self.view, self.world, self.place, self.has_names = view, view.world, place, has_names
        self._has_protected_names = has_protected_names
        self.seed = view.world.config.seed
        self.style = style_of(place)

    def moment(self, seconds: int) -> str:
        """Write a moment as the source does."""
        zone = self.world.timezone if self.style.has_local_times else UTC
        return datetime.fromtimestamp(int(seconds), zone).isoformat().replace("+00:00", "Z")

    def offset_seconds(self, seconds: Int64) -> Int64:
        """Give the county's distance to UTC at several moments."""
        hours, place = np.unique(seconds // 3600, return_inverse=True)
        offsets = [datetime.fromtimestamp(hour * 3600, self.world.timezone).utcoffset() for hour in hours.tolist()]
        return np.array([int(offset.total_seconds()) for offset in offsets if offset is not None], np.int64)[place]

    @property
    def first_day(self) -> str:
        """The day when groups and activities begin."""
        return (self.world.config.start_date - timedelta(days=3)).isoformat()

    def meta(self, created_at: int, modified_at: int) -> Object:
        """Write when an object was made and last changed."""
        return {"created": self.moment(created_at), "modified": self.moment(modified_at)}

    def person_reference(self, person: int) -> Object:
        """Refer to a pupil, marked when the identity is protected."""
        reference: Object = {"id": uuid(self.seed, "person", person)}
        marking = int(self.view.marking[person]) or int(self.world.persons.is_marked_on_references[person])
        if marking:
            reference["securityMarking"] = MARKINGS[marking]
        if self.has_names or (marking and self._has_protected_names):
            reference["displayName"] = f"{vocabulary.given_name(person)} {vocabulary.family_name(person)}"
        return reference
