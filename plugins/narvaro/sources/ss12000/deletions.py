"""What a source says it has deleted, in either of the shapes that servers send."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pyarrow as pa

from narvaro.errors import SourceShapeError
from narvaro.sources.ss12000.columns import batch
from narvaro.sources.ss12000.context import Context
from narvaro.sources.ss12000.decode import open_envelope
from narvaro.sources.ss12000.paging import Question
from narvaro.sources.ss12000.times import utc_times, wire_time
from narvaro.sources.ss12000.wire import DeletedEntity

# The standard's own list is spelled "activitites"; servers that mend it exist.
ENTITY_OF_LIST = {
    "organisations": "school_units",
    "persons": "pupils",
    "groups": "group_memberships",
    "activitites": "activities",
    "activities": "activities",
    "calendarEvents": "lessons",
    "attendances": "attendances",
    "absences": "absence_notices",
    "grades": "grades",
}
ENTITY_OF_TYPE = {
    "organisation": "school_units",
    "person": "pupils",
    "group": "group_memberships",
    "activity": "activities",
    "calendarevent": "lessons",
    "attendance": "attendances",
    "absence": "absence_notices",
    "grade": "grades",
}
_lists = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ids = msgspec.json.Decoder(list[str] | None)
_flat = msgspec.json.Decoder(list[DeletedEntity])


def deletions_question(after: datetime) -> Question:
    """Ask for everything deleted after a moment."""
    return Question("/deletedEntities", required=(("after", wire_time(after)),))


def deletions_batch(body: bytes, context: Context, where: str) -> pa.RecordBatch:
    """Give the deletions of a page; ids of people leave as pseudonyms.

    Raises:
        SourceShapeError: neither lists of ids nor a list of entities.
    """
    data = open_envelope(body, where).data
    try:
        if bytes(data)[:1] == b"[":
            deleted = [
                (ENTITY_OF_TYPE[entity.entity_type.lower()], entity.id, entity.deleted_at)
                for entity in _flat.decode(data)
                if entity.entity_type.lower() in ENTITY_OF_TYPE
            ]
        else:
            deleted = [
                (ENTITY_OF_LIST[name], record_id, None)
                for name, ids in _lists.decode(data).items()
                if name in ENTITY_OF_LIST
                for record_id in _ids.decode(ids) or ()
            ]
        times = utc_times([deleted_at for _, _, deleted_at in deleted], context.naive_timezone, "deletedAt")
    except (msgspec.DecodeError, ValueError):
        message = f"{where}: the deletions are in no known shape. Wanted lists of ids by kind; ask the owner."
        raise SourceShapeError(message) from None
    keyed = [
        context.pseudonymiser.person_id(record_id) if entity == "pupils" else record_id
        for entity, record_id, _ in deleted
    ]
    columns = {"entity": [entity for entity, _, _ in deleted], "record_id": keyed, "source_modified_at": times}
    return batch("deletions", columns)
