"""Checks of what lies beside the lists: deletions, registers inside lessons, lookups, sums."""

from __future__ import annotations

from collections.abc import Iterator

from narvaro.sources.ss12000.probe.capabilities import Capabilities
from narvaro.sources.ss12000.probe.check import Check, critical, warning
from narvaro.sources.ss12000.probe.evidence import Evidence

_SHAPES = {
    "lists": "lists of ids by kind, as the standard says",
    "flat": "one list of kinds and ids",
    "empty": "none told of the last 60 days",
    "not_served": "not served",
    "forbidden": "forbidden",
    "failing": "in a shape that cannot be read",
}


def checks_of_extras(evidence: Evidence) -> Iterator[Check]:
    """Give the checks."""
    yield from _deletions(evidence.capabilities)
    yield from _ways_to_ask(evidence.capabilities)


def _deletions(found: Capabilities) -> Iterator[Check]:
    """Give the checks of what is told of deletions."""
    make = critical if found.deletions == "failing" else warning
    yield make(
        "deletions.shape",
        None if found.deletions is None else found.deletions == "lists",
        _SHAPES.get(found.deletions or "", "not tried"),
        "Tell every deleted id at /deletedEntities, for 60 days at least: figures keep what is not told.",
    )
    yield warning(
        "deletions.after",
        None if found.deletions_after is None else found.deletions_after == "honoured",
        f"after is {found.deletions_after or 'not tried'}",
        "Give only what was deleted after the moment that was asked for.",
    )


def _ways_to_ask(found: Capabilities) -> Iterator[Check]:
    """Give the checks of other ways to ask than by lists."""
    yield warning(
        "window.expand-attendance",
        None if found.expand_attendance is None else found.expand_attendance == "honoured",
        f"expand=attendance of /calendarEvents is {found.expand_attendance or 'not tried'}",
        "Give the registers inside their lessons: it is the only reading by date.",
    )
    yield warning(
        "lookup.by-lessons",
        found.lookup_by_lessons,
        "registers by lesson: " + _offered(found.lookup_by_lessons),
        "Serve POST /attendances/lookup with the lessons' ids.",
    )
    for path, facts in found.resources.items():
        for name, is_offered in (("lookup.ids", facts.lookup), ("lookup.single", facts.by_id)):
            if is_offered is not None:
                todo = "Serve it: a doubtful deletion is settled by asking for the object."
                yield warning(f"{name}:{path}", is_offered, _offered(is_offered), todo)
    yield warning(
        "filter.unknown",
        None if found.unknown_filters is None else found.unknown_filters == "refused",
        f"a filter that does not exist is {found.unknown_filters or 'not tried'}",
        "Answer 400: a misspelled filter gives the whole list otherwise.",
    )


def _offered(is_offered: bool | None) -> str:  # noqa: FBT001 - a fact
    """Say whether something is there."""
    return "not tried" if is_offered is None else "served" if is_offered else "not served"
