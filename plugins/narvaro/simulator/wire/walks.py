"""Walks through a resource, and the page tokens that continue them, in every way that servers have."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import orjson

from narvaro.simulator.wire.habits import Habits, habits_of
from narvaro.simulator.wire.request import Query, WireError, bad_request

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from narvaro.simulator.wire.authority import Authority
    from narvaro.simulator.wire.visit import Visit
    from narvaro.simulator.world import World

Filters = tuple[tuple[str, str], ...]
REQUIRED = {
    "calendarEvents": ("startTime.onOrAfter", "startTime.onOrBefore"),
    "aggregatedAttendance": ("startDate", "endDate"),
}
_NO_FILTERS = ("expand", "expandReferenceNames", "sortkey")


@dataclass(frozen=True, slots=True)
class Walk:
    """One client's way through a resource, from its first page to its last."""

    place: int
    resource: str
    query: Query
    clock: int
    habits: Habits


@dataclass(frozen=True, slots=True)
class Position:
    """How far a walk has come, and the filters as the client gave them."""

    walk: Walk
    given: Filters
    offset: int
    # How many objects the first page's filters meant, where the token keeps that and not the filters.
    total: int | None = None


class Walks:
    """Begins walks, continues them by their tokens, and makes the tokens."""

    def __init__(self, world: World, authority: Authority) -> None:
        self._world, self._authority = world, authority
        self._serial = count(1)

    def position(self, visit: Visit, parameters: Filters) -> Position:
        """Give where a request stands: at the beginning, or where its token says.

        Raises:
            WireError: the token is not ours, or not accompanied as the source wants it.
        """
        given = tuple((key, value) for key, value in parameters if key != "limit")
        tokens = [value for key, value in given if key == "pageToken"]
        if not tokens:
            return Position(self._walk(visit, given, visit.clock), given, 0)
        beside = tuple((key, value) for key, value in given if key != "pageToken")
        content = self._authority.opened("page", tokens[0]) if len(tokens) == 1 else None
        if content is None or content["resource"] != visit.name:
            raise bad_request("The pageToken is not one of this resource's.")
        filters = _remembered(visit, tuple((key, value) for key, value in content["filters"]), beside)
        clock = visit.clock if visit.has("offset_tokens") else content["clock"]
        return Position(self._walk(visit, filters, clock), filters, content["offset"], content.get("total"))

    def token(self, visit: Visit, position: Position, limit: int, total: int) -> str | None:
        """Give the token of the page after this one, None after the last."""
        walk, following = position.walk, position.offset + limit
        total = total if position.total is None else position.total
        content: dict[str, Any] = {"resource": visit.name, "filters": position.given, "clock": walk.clock}
        if visit.has("forgets_filters"):
            content["total"] = total
        if (fault := visit.fault("same_page")) is not None:
            content["offset"] = position.offset
        elif (fault := visit.fault("endless_tokens")) is not None:
            is_last = following >= total
            content["offset"] = position.offset if is_last and fault.shape == "repeat" else following
        elif following < total:
            content["offset"] = following
        else:
            return None
        if fault is not None and fault.shape != "same":
            content["fresh"] = next(self._serial)
        return self._authority.sealed("page", content)

    def _walk(self, visit: Visit, filters: Filters, clock: int) -> Walk:
        """Give the walk that filters mean to this source."""
        query = query_of(visit, filters, self._world.timezone)
        return Walk(visit.place, visit.resource, query, clock, habits_of(visit, self._world.opened_at))


def query_of(visit: Visit, filters: Filters, timezone: ZoneInfo) -> Query:
    """Give the filters as a source takes them, which may be not at all."""
    ignoring = visit.fault("ignores_filters")
    if ignoring is not None:
        kept = (*REQUIRED.get(visit.resource, ()), *_NO_FILTERS)
        filters = tuple(
            (key, value) for key, value in filters if (key not in ignoring.fields if ignoring.fields else key in kept)
        )
    if visit.has("ignores_expand"):
        filters = tuple((key, value) for key, value in filters if key != "expand")
    offset = visit.fault("ignores_offset")
    zone = None if offset is None else _zone(offset.shape, timezone)
    return Query(filters, zone, ignoring is not None)


def _zone(shape: str, timezone: ZoneInfo) -> ZoneInfo:
    """Give the zone that a server without offsets reads times in."""
    return timezone if shape == "local" else type(timezone)("UTC")


def _remembered(visit: Visit, known: Filters, beside: Filters) -> Filters:
    """Give the filters that hold for a page asked for by token.

    Raises:
        WireError: what came beside the token is too much or too little for this source.
    """
    wants, forgets = visit.fault("wants_filters"), visit.has("forgets_filters")
    if visit.has("token_alone") or not (wants or forgets or visit.has("ignores_filters")):
        if beside:
            raise bad_request("pageToken can be combined with limit only.")
        return known
    required = tuple(pair for pair in known if pair[0] in REQUIRED.get(visit.resource, ()))
    if wants is not None and not set(known if wants.shape == "all" else required) <= set(beside):
        body = orjson.dumps({"detail": [{"loc": ["query"], "msg": "field required", "type": "value_error.missing"}]})
        raise WireError(422, "unprocessable", "Filters are missing beside the pageToken.", body=body)
    if not forgets:
        return known
    named = {key for key, _ in beside}
    return (*beside, *(pair for pair in required if pair[0] not in named))
