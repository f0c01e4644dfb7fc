"""Asks for known objects by their ids or lessons, in chunks that the server can bear."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from narvaro.errors import SourceDeniedError, SourceShapeError
from narvaro.sources.ss12000.decode import RowDecoder
from narvaro.sources.ss12000.refusals import PageTooLargeError
from narvaro.sources.ss12000.transport import Transport
from narvaro.sources.ss12000.wire import Attendance, Identified, Row

RowType = TypeVar("RowType", bound=Row | Identified)

# The list that holds each entity's objects.
LIST_OF_ENTITY = {
    "school_units": "/organisations",
    "pupils": "/persons",
    "group_memberships": "/groups",
    "activities": "/activities",
    "lessons": "/calendarEvents",
    "attendances": "/attendances",
    "absence_notices": "/absences",
    "grades": "/grades",
}
_CHUNK = 500
# Without a lookup each object is a request of its own.
_MOST_SINGLE = 500
_MOST_SINGLE_WITNESSES = 3
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# The standard's own spelling of the lessons to look up, and the one of servers that mend it.
_LESSON_KEYS = ("calendareEvents", "calendarEvents")


class NoLookupError(Exception):
    """The server looks nothing up in this list."""


@dataclass(slots=True)
class Lookup:
    """Looks up objects of one source; remembers what size of question each list bears."""

    transport: Transport
    _chunks: dict[str, int] = field(default_factory=dict)
    _lesson_key: str = ""

    def living(self, entity: str, ids: Sequence[str], witnesses: Sequence[str] = ()) -> set[str] | None:
        """Give the ids that the source still has objects of; None when it cannot be asked."""
        rows = self.objects(entity, ids, Identified, witnesses)
        if rows is None:
            return None
        found = {row.id.lower() for row in rows}
        return {object_id for object_id in ids if object_id.lower() in found}

    def objects(
        self, entity: str, ids: Sequence[str], row_type: type[RowType], witnesses: Sequence[str] = ()
    ) -> list[RowType] | None:
        """Give the source's objects of some ids, as rows of a type; None when it cannot be asked.

        Nor can it when it does not know a witness, which its own list has told of.
        """
        path = LIST_OF_ENTITY[entity]
        decoder = RowDecoder(row_type, self.transport.where(f"{path}/lookup"))
        try:
            found = self._by_lookup(path, [*ids, *witnesses], decoder)
        except NoLookupError:
            witnesses = witnesses[:_MOST_SINGLE_WITNESSES]
            found = self._one_by_one(path, [*ids, *witnesses], decoder) if len(ids) <= _MOST_SINGLE else []
            # That nothing is there may also mean that nothing is given out so.
            if not found:
                return None
        known = {row.id.lower() for row in found}
        if any(witness.lower() not in known for witness in witnesses):
            return None
        asked = {object_id.lower() for object_id in ids}
        return [row for row in found if row.id.lower() in asked]

    def registers(self, lesson_ids: Sequence[str]) -> Iterator[list[Attendance]]:
        """Give the register rows of lessons, some lessons at a time.

        Raises:
            NoLookupError: the server looks up no registers by lesson.
            SourceShapeError: rows of other lessons came, so the question was not understood.
        """
        where = self.transport.where("/attendances/lookup")
        decoder = RowDecoder(Attendance, where)
        for chunk, body in self._answers("/attendances", lesson_ids):
            rows = [row for row in decoder.rows(_as_page(body)) if row.id]
            asked = {lesson_id.lower() for lesson_id in chunk}
            if any(row.calendar_event.id.lower() not in asked for row in rows):
                message = f"{where}: rows of other lessons than asked for, so others may be lost. Ask the owner."
                raise SourceShapeError(message)
            yield rows

    def _by_lookup(self, path: str, ids: Sequence[str], decoder: RowDecoder) -> list[Any]:
        """Give the objects among the answers."""
        return [row for _, body in self._answers(path, ids, "ids") for row in decoder.rows(_as_page(body))]

    def _answers(self, path: str, ids: Sequence[str], key: str = "") -> Iterator[tuple[Sequence[str], bytes]]:
        """Ask for all ids, a chunk at a time; one that is too large is halved, for good."""
        start = 0
        while start < len(ids):
            size = self._chunks.get(path, _CHUNK)
            chunk = ids[start : start + size]
            try:
                answer = self._asked(path, key, chunk) if key else self._by_lesson(path, chunk)
            except PageTooLargeError:
                if len(chunk) == 1:
                    raise
                self._chunks[path] = len(chunk) // 2
                continue
            yield chunk, answer
            start += len(chunk)

    def _by_lesson(self, path: str, chunk: Sequence[str]) -> bytes:
        """Ask by lessons, finding out once how the server spells them."""
        keys = (self._lesson_key,) if self._lesson_key else _LESSON_KEYS
        for key in keys:
            try:
                answer = self._asked(path, key, chunk)
            except NoLookupError:
                if key == keys[-1]:
                    raise
                continue
            self._lesson_key = key
            return answer
        raise NoLookupError

    def _asked(self, path: str, key: str, ids: Sequence[str]) -> bytes:
        """Send one lookup."""
        try:
            return self.transport.post(f"{path}/lookup", msgspec.json.encode({key: list(ids)}))
        except (SourceShapeError, SourceDeniedError):
            # Refused, not there, or not for us: whichever it is, nothing is looked up.
            raise NoLookupError from None

    def _one_by_one(self, path: str, ids: Sequence[str], decoder: RowDecoder) -> list[Any]:
        """Give the objects that are there; one that we may not see is not known to live."""
        found: list[Any] = []
        for object_id in ids:
            try:
                body = self.transport.get(f"{path}/{object_id}", ())
                found += decoder.rows(b'{"data":[' + body.removeprefix(_BYTE_ORDER_MARK) + b"]}")
            except (SourceShapeError, SourceDeniedError):
                continue
        return found


def _as_page(body: bytes) -> bytes:
    """Give a lookup's answer, which is a bare array, in the form of a page; one in that form stays."""
    return b'{"data":' + body + b"}" if body.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"[" else body
