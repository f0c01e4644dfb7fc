"""Whether a list changed while it was read: then rows may have slid past us from one page to another."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from narvaro.errors import SourceDeniedError, SourceShapeError
from narvaro.sources.ss12000.decode import RowDecoder, open_envelope
from narvaro.sources.ss12000.paging import Question
from narvaro.sources.ss12000.times import TIME, NotATimeError, utc_times, wire_time
from narvaro.sources.ss12000.transport import Parameters, Transport
from narvaro.sources.ss12000.wire import Row

_CHANGED_AFTER = "meta.modified.after"
_SPAN = (_CHANGED_AFTER, "meta.modified.before")
_anything = msgspec.json.Decoder()


def has_moved(transport: Transport, question: Question, since: datetime, naive_timezone: ZoneInfo) -> bool:
    """Tell whether anything was deleted, or left the asked span by a change, after a moment.

    Either makes a list shorter before the place of a token, and a token that only counts rows
    then leaves out as many. A server that cannot be asked is taken to have stood still.
    """
    return _has_deleted(transport, since) or _has_changed(transport, question, since, naive_timezone)


def _has_changed(transport: Transport, question: Question, since: datetime, naive_timezone: ZoneInfo) -> bool:
    """Tell whether a row that may have been in the span has been changed out of it."""
    if not {name for name, _ in question.filters} & {*_SPAN}:
        # Nothing leaves a list that asks for no span of changes.
        return False
    others = [(name, value) for name, value in question.filters if name not in _SPAN]
    parameters = [*question.required, *others, (_CHANGED_AFTER, wire_time(since))]
    body = _answer(transport, question.resource, parameters)
    if body is None:
        return False
    try:
        rows = RowDecoder(Row, transport.where(question.resource)).rows(body)
        texts = [row.meta.modified if row.meta else None for row in rows]
        modified = utc_times(texts, naive_timezone, "meta.modified")
    except (SourceShapeError, NotATimeError):
        return False
    # A server that ignores the filter gives older rows.
    is_later: bool | None = pc.any(pc.greater(modified, pa.scalar(since, TIME))).as_py()
    return bool(is_later)


def _has_deleted(transport: Transport, since: datetime) -> bool:
    """Tell whether anything has been deleted."""
    resource = "/deletedEntities"
    body = _answer(transport, resource, [("after", wire_time(since))])
    if body is None:
        return False
    try:
        told: Any = _anything.decode(open_envelope(body, transport.where(resource)).data)
    except (SourceShapeError, msgspec.DecodeError):
        return False
    return any(told.values()) if isinstance(told, dict) else bool(told)


def _answer(transport: Transport, resource: str, parameters: Parameters) -> bytes | None:
    """Ask for a single row; None when the server will not be asked so."""
    try:
        return transport.get(resource, [*parameters, ("limit", "1")])
    except (SourceShapeError, SourceDeniedError):
        return None
