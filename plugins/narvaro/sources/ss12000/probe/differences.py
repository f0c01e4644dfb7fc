"""What has changed at a server, in words that can stand in a letter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from narvaro.sources.ss12000.probe.capabilities import Capabilities, ResourceFacts

# In a school that runs these are never empty, so having become so is a change.
NEVER_EMPTY = frozenset({"/organisations", "/persons", "/groups", "/activities"})
_ACCESS = {
    "served": "is served",
    "empty": "is served without rows",
    "forbidden": "is forbidden",
    "not_served": "is not served",
    "failing": "cannot be read",
}
_LIST_FACTS = {
    "paging": "what page tokens need beside them",
    "limit": "`limit`",
    "has_meta": "`meta`",
    "modified_times": "the writing of `meta.modified`",
    "row_times": "the writing of times",
    "lookup": "lookup",
    "by_id": "reading by id",
}
_FACTS = {
    "version": "the version of the standard",
    "deletions_after": "`after` of /deletedEntities",
    "expand_attendance": "`expand=attendance` of /calendarEvents",
    "lookup_by_lessons": "lookup of /attendances by lessons",
    "filter_offsets": "offsets in filters",
    "unknown_filters": "unknown filters",
    "tokens": "the kind of page tokens",
    "page_cap": "the largest page",
    "too_large": "the page size that is refused",
    "clock": "the server's clock",
    "modified_is_start": "`meta.modified` that equals the lesson's start",
    "lesson_hours": "the lessons' hours of the day",
    "names_unasked": "names that come unasked",
}


def differences(old: Capabilities, new: Capabilities) -> list[str]:
    """Give what two probes found differently; what only one of them could find out is no difference."""
    by_change: dict[str, list[str]] = defaultdict(list)
    for path in sorted(old.resources.keys() & new.resources.keys()):
        for change in _of_list(path, old.of(path), new.of(path)):
            by_change[change].append(path)
    # A server mostly changes in all its lists at once.
    found = [f"{', '.join(paths)}{change}" for change, paths in by_change.items()]
    return [*found, *_changed(old, new, _FACTS), *_deletions(old.deletions, new.deletions)]


def _of_list(path: str, old: ResourceFacts, new: ResourceFacts) -> Iterator[str]:
    """Give what changed in one list."""
    if _weight(path, old) != _weight(path, new):
        yield f" {_ACCESS[new.access]}; it was: {_ACCESS[old.access].removeprefix('is ')}"
    if not (old.is_usable and new.is_usable):
        return
    for change in _changed(old, new, _LIST_FACTS):
        yield f": {change}"
    for name in sorted(old.filters.keys() & new.filters.keys()):
        if old.filters[name] != new.filters[name]:
            yield f": the filter {name} is {new.filters[name]}; it was {old.filters[name]}"
    if old.access == new.access == "served":
        if gone := sorted(set(new.missing) - set(old.missing)):
            yield f": no longer sent: {', '.join(gone)}"
        if come := sorted(set(old.missing) - set(new.missing)):
            yield f": now sent: {', '.join(come)}"


def _weight(path: str, facts: ResourceFacts) -> str:
    """Give an access, having no rows counted as served where that is a state of the data."""
    return "served" if facts.access == "empty" and path not in NEVER_EMPTY else facts.access


def _changed(old: Any, new: Any, names: dict[str, str]) -> list[str]:  # noqa: ANN401 - two of one kind of facts
    """Give the named facts that both know and that differ."""
    pairs = ((words, getattr(old, name), getattr(new, name)) for name, words in names.items())
    return [
        f"{words}: {_said(after)}; it was: {_said(before)}"
        for words, before, after in pairs
        if None not in (before, after) and before != after
    ]


def _deletions(old: str | None, new: str | None) -> Iterator[str]:
    """Give a changed shape of the deletions; no deletions lately is no change."""
    if None in (old, new) or old == new or {old, new} in ({"lists", "empty"}, {"flat", "empty"}):
        return
    yield f"/deletedEntities: {_said(new)}; it was: {_said(old)}"


def _said(value: object) -> str:
    """Write a fact for people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).replace("_", " ")
