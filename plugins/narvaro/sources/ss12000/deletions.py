"""What a source says it has deleted, in every shape that servers send, and what of it lives all the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from narvaro.errors import SourceShapeError
from narvaro.sources.contract import RECORD_ID
from narvaro.sources.ss12000.columns import batch
from narvaro.sources.ss12000.context import Context
from narvaro.sources.ss12000.decode import open_envelope
from narvaro.sources.ss12000.paging import Question
from narvaro.sources.ss12000.times import utc_times, wire_time
from narvaro.sources.ss12000.wire import DeletedEntity, Identified

# By the singular in small letters; the standard's own list of activities is spelled "activitites".
_ENTITY_OF_KIND = {
    "organisation": "school_units",
    "person": "pupils",
    "group": "group_memberships",
    "activity": "activities",
    "activitite": "activities",
    "calendarevent": "lessons",
    "attendance": "attendances",
    "absence": "absence_notices",
    "grade": "grades",
}
_NO_LETTER = re.compile(r"[^a-z]")
_lists = msgspec.json.Decoder(dict[str, list[str | Identified] | None])
_flat = msgspec.json.Decoder(list[DeletedEntity])

# A server that ignores `after` tells everything again; clocks and late commits are not a day off.
_OLD = timedelta(days=1)

Living = Callable[[str, list[str]], set[str] | None]


@dataclass(frozen=True, slots=True)
class _Deletion:
    """One deletion: the source's own id, when it was deleted, and whether an earlier night was told already."""

    own_id: str
    time: str | None
    is_old: bool


def deletions_question(after: datetime) -> Question:
    """Ask for everything deleted after a moment."""
    return Question("/deletedEntities", required=(("after", wire_time(after)),))


@dataclass(slots=True)
class Told:
    """What a source has told deleted tonight, by entity and landed id: its own id, and when it was deleted.

    The lists are read after the deletions, so a record that comes in them has been added again.
    """

    context: Context
    _ids: dict[str, dict[str, _Deletion]] = field(default_factory=dict)
    _wanted: dict[str, pa.Array] = field(default_factory=dict)

    def hear(self, body: bytes, after: datetime, where: str) -> None:
        """Take in a page; what was deleted long before `after` was told on an earlier night.

        Raises:
            SourceShapeError: neither lists of ids nor a list of entities.
        """
        try:
            deleted = list(_deleted(open_envelope(body, where).data))
            times = utc_times([time for _, _, time in deleted], self.context.naive_timezone, "deletedAt").to_pylist()
        except (msgspec.DecodeError, ValueError):
            message = f"{where}: the deletions are in no known shape. Wanted lists of ids by kind; ask the owner."
            raise SourceShapeError(message) from None
        for (entity, record_id, text), deleted_at in zip(deleted, times, strict=True):
            if deleted_at is None or deleted_at >= after - _OLD:
                deletion = _Deletion(record_id, text, is_old=deleted_at is not None and deleted_at < after)
                self._ids.setdefault(entity, {})[self._landed_id(entity, record_id)] = deletion

    def forget_living(self, entity: str, given: pa.RecordBatch) -> None:
        """Let go of records that have come in a list after they were told deleted."""
        ids = self._ids.get(entity)
        if not ids or not given.num_rows:
            return
        wanted = self._wanted.get(entity)
        if wanted is None:
            wanted = self._wanted[entity] = pa.array(list(ids), pa.string())
        column = given.column(RECORD_ID[entity])
        for record_id in column.filter(pc.is_in(column, value_set=wanted)).unique().to_pylist():
            ids.pop(record_id, None)

    def forget_confirmed(self, living: Living) -> None:
        """Let go of records that the source still has, where a deletion's time does not rule that out."""
        for entity, ids in self._ids.items():
            doubtful = {known.own_id: landed for landed, known in ids.items() if known.time is None or known.is_old}
            if not doubtful:
                continue
            alive = living(entity, sorted(doubtful))
            for own_id, landed in doubtful.items():
                # Where nobody can be asked, an old deletion has had its night.
                if ids[landed].is_old if alive is None else own_id in alive:
                    del ids[landed]

    def batch(self) -> pa.RecordBatch:
        """Give the deletions that stand."""
        rows = [(entity, landed, known.time) for entity, ids in self._ids.items() for landed, known in ids.items()]
        times = utc_times([time for _, _, time in rows], self.context.naive_timezone, "deletedAt")
        columns = {
            "entity": [entity for entity, _, _ in rows],
            "record_id": [landed for _, landed, _ in rows],
            "origin": ["told"] * len(rows),
            "source_modified_at": times,
        }
        return batch("deletions", columns)

    def _landed_id(self, entity: str, record_id: str) -> str:
        """Give the id as it is landed; a person's leaves as a pseudonym."""
        return self.context.pseudonymiser.person_id(record_id) if entity == "pupils" else record_id


def _deleted(data: msgspec.Raw) -> Iterator[tuple[str, str, str | None]]:
    """Give entity, id and time of each deletion that we have a use for."""
    if bytes(data)[:1] == b"[":
        for row in _flat.decode(data):
            kind = row.entity_type or row.type
            if kind is None:
                raise ValueError
            if entity := _entity(kind):
                yield entity, row.id, row.deleted_at
        return
    for kind, ids in ({} if bytes(data) == b"null" else _lists.decode(data)).items():
        if entity := _entity(kind):
            for record_id in ids or ():
                yield entity, record_id if isinstance(record_id, str) else record_id.id, None


def _entity(kind: str) -> str | None:
    """Give the entity of a kind, singular or plural, however it is cased; None for those we do not read."""
    letters = _NO_LETTER.sub("", kind.lower())
    singular = letters.removesuffix("s")
    return _ENTITY_OF_KIND.get("activity" if letters == "activities" else singular)
