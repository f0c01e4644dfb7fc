"""What a source tells of deletions: truly, or as its faults have it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import orjson

from narvaro.simulator.randomness import uuids
from narvaro.simulator.wire.identities import ids_of
from narvaro.simulator.wire.request import Query
from narvaro.simulator.wire.selection import FILTERS, Selection
from narvaro.simulator.wire.vanishing import is_vanished

if TYPE_CHECKING:
    from narvaro.simulator.faults import Fault
    from narvaro.simulator.tables import Bool, Int64
    from narvaro.simulator.wire.habits import Readded, Vanished
    from narvaro.simulator.wire.view import View

# Of each resource: its type's name and its list's, the standard's slip of the pen included.
KINDS = {
    "attendances": ("Attendance", "attendances"),
    "calendarEvents": ("CalendarEvent", "calendarEvents"),
    "organisations": ("Organisation", "organisations"),
    "persons": ("Person", "persons"),
    "groups": ("Group", "groups"),
    "activities": ("Activity", "activitites"),
    "absences": ("Absence", "absences"),
    "grades": ("Grade", "grades"),
    "syllabuses": ("Syllabus", "syllabuses"),
}
_ALWAYS = ("attendances", "calendarEvents")
ANY_TIME = (("startTime.onOrAfter", "1970-01-01T00:00:00Z"), ("startTime.onOrBefore", "2999-01-01T00:00:00Z"))


@dataclass(frozen=True, slots=True)
class Told:
    """One deletion."""

    resource: str
    identity: str
    deleted_at: int


def told_deletions(view: View, place: int, query: Query) -> list[Told]:
    """Give the deletions after the asked moment."""
    after, asked = query.moment("after"), query.all("entities")
    told = _deleted(view, place)
    for vanished in view.habits.vanished:
        told += _vanished(view, place, vanished)
    for readded in view.habits.readded:
        told += _readded(view, place, readded)
    first = -1 if after is None else after
    if view.habits.told_seconds is not None:
        first = max(first, view.clock - view.habits.told_seconds)
    return [one for one in told if one.deleted_at > first and (not asked or KINDS[one.resource][0] in asked)]


def _deleted(view: View, place: int) -> list[Told]:
    """Give what was truly deleted, and the lessons that have other ids now."""
    lessons, registers, seed = view.world.lessons, view.world.registers, view.world.config.seed
    gone = np.flatnonzero((lessons.source == place) & (lessons.deleted_at <= view.clock))
    told = _all_told("calendarEvents", uuids(seed, "lesson", gone), lessons.deleted_at[gone])
    if view.habits.republished is not None:
        old = np.flatnonzero((lessons.source == place) & view.lesson_is_republished)
        moments = np.full(len(old), view.habits.republished.moment, np.int64)
        told += _all_told("calendarEvents", uuids(seed, "lesson", old), moments)
    rows = registers.deleted_rows
    is_meant: Bool = (registers.source[rows] == place) & (registers.deleted_at <= view.clock)
    is_meant &= registers.created_at[rows] <= registers.deleted_at
    return told + _all_told("attendances", uuids(seed, "attendance", rows[is_meant]), registers.deleted_at[is_meant])


def _all_told(resource: str, identities: list[str], moments: Int64) -> list[Told]:
    """Give one deletion for each id."""
    return [Told(resource, one, moment) for one, moment in zip(identities, moments.tolist(), strict=True)]


def _vanished(view: View, place: int, vanished: Vanished) -> list[Told]:
    """Tell of a mass deletion, when it is told."""
    if not vanished.is_told:
        return []
    told: list[Told] = []
    for resource in KINDS:
        chosen = _visible(view, place, resource)
        gone = chosen[is_vanished(view, resource, chosen, (vanished.resource, vanished.share))]
        moment = vanished.moment if vanished.moment is not None else view.clock
        told += _all_told(resource, ids_of(view, place, resource, gone), np.full(len(gone), moment, np.int64))
    return told


def _readded(view: View, place: int, readded: Readded) -> list[Told]:
    """Tell the deletion of what lives: the newest changed, just before; the oldest, just now."""
    chosen = _visible(view, place, readded.resource)
    if not len(chosen) or readded.resource not in ("attendances", "calendarEvents"):
        living = chosen[: readded.rows]
        return _all_told(
            readded.resource, ids_of(view, place, readded.resource, living), np.full(len(living), view.clock, np.int64)
        )
    table = view.registers.modified_at if readded.resource == "attendances" else view.lesson_modified_at
    moments = table[chosen]
    order = np.argsort(-moments if readded.has_changed else moments, kind="stable")[: readded.rows]
    at = moments[order] - 1 if readded.has_changed else np.full(len(order), view.clock, np.int64)
    return _all_told(readded.resource, ids_of(view, place, readded.resource, chosen[order]), at)


def _visible(view: View, place: int, resource: str) -> Int64:
    """Give every object of a resource as it would be without the lasting faults."""
    query = Query(ANY_TIME if resource == "calendarEvents" else ())
    return FILTERS[resource][0](Selection(view, place), query)


def deletions_data(told: list[Told], asked: list[str], part: slice) -> bytes:
    """Write deletions as the standard's object of lists."""
    kinds = [resource for resource in KINDS if KINDS[resource][0] in asked] if asked else list(_ALWAYS)
    data: dict[str, list[str]] = {KINDS[resource][1]: [] for resource in kinds}
    for one in told[part]:
        data.setdefault(KINDS[one.resource][1], []).append(one.identity)
    return orjson.dumps(data)


def otherwise_told(body: bytes, fault: Fault, clock: int) -> bytes:
    """Write a page of deletions in another shape."""
    data: dict[str, list[str]] = orjson.loads(body)
    if fault.kind == "no_deletions":
        values: dict[str, list[str] | None] = {"empty": [], "null": None}
        return orjson.dumps({} if fault.shape == "missing" else dict.fromkeys(data, values[fault.shape]))
    names = {listed: (name if fault.shape == "singular" else listed) for name, listed in KINDS.values()}
    if fault.shape == "lower":
        names = {listed: name.lower() for name, listed in KINDS.values()}
    moment = datetime.fromtimestamp(clock, UTC).isoformat()
    return orjson.dumps(
        [
            {"entityType": names[listed], "id": identity, "deletedAt": moment}
            for listed, identities in data.items()
            for identity in identities
        ]
    )
