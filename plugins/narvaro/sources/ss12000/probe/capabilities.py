"""What a server was found to do: facts only, no value of anybody's data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, Self, TypeVar

# served: answers with rows. empty: answers, but has none. failing: its answer could not be used.
Access = Literal["served", "empty", "forbidden", "not_served", "failing"]
# What is done with a filter, or with a way to ask.
Use = Literal["honoured", "ignored", "refused", "loses_rows"]
# What has to be sent beside a page token, named as the setting resend_filters; unsafe: no way keeps the filters.
Paging = Literal["never", "required_only", "always", "unsafe"]
Times = Literal["offset", "naive", "mixed"]
Deletions = Literal["lists", "flat", "empty", "not_served", "forbidden", "failing"]
Clock = Literal["in_step", "behind", "ahead"]

FORMAT = 1
DELETED = "/deletedEntities"
# Of the first of these that has rows a whole page is asked for.
LARGE_LISTS = ("/attendances", "/calendarEvents", "/persons")
# Counts and shares that move by themselves; a changed one is no other server.
_UNSTABLE = frozenset({"clock_skew_seconds", "civic_spellings", "requests"})

Facts = TypeVar("Facts", "ResourceFacts", "Capabilities")


@dataclass(frozen=True, slots=True)
class ResourceFacts:
    """What one list does; None: could not be found out, mostly because there were too few rows."""

    access: Access
    paging: Paging | None = None
    # What came of each way to send the token: accepted (filters kept), taken (no row could tell), refused, failing,
    # forgets (the filters), repeats (the page), suspect (taken, where another list of the server forgets).
    token_ways: Mapping[str, str] = field(default_factory=dict)
    limit: Literal["honoured", "ignored"] | None = None
    filters: Mapping[str, Use] = field(default_factory=dict)
    has_meta: bool | None = None
    # How `meta.modified` and the rows' other times are written.
    modified_times: Times | None = None
    row_times: Times | None = None
    has_microseconds: bool | None = None
    # Attributes that every such list has when nothing is stripped, and that none of the looked-at rows had.
    missing: tuple[str, ...] = ()
    lookup: bool | None = None
    by_id: bool | None = None

    @property
    def is_usable(self) -> bool:
        """Whether the list can be read, be it without rows."""
        return self.access in ("served", "empty")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one server does, by resource path, and as a whole."""

    resources: Mapping[str, ResourceFacts]
    version: Literal["2.0", "2.1"] | None = None
    deletions: Deletions | None = None
    deletions_after: Use | None = None
    # `_embedded.attendance` of lessons, and POST /attendances/lookup by lessons.
    expand_attendance: Use | None = None
    lookup_by_lessons: bool | None = None
    # Whether an offset in a filter's time means what it says.
    filter_offsets: Literal["honoured", "ignored"] | None = None
    unknown_filters: Literal["ignored", "refused"] | None = None
    tokens: Literal["opaque", "offset"] | None = None
    # The most rows that came on a page although more were asked for; too_large: the page size that was refused.
    page_cap: int | None = None
    too_large: int | None = None
    clock: Clock | None = None
    clock_skew_seconds: int | None = None
    modified_is_start: bool | None = None
    # Whether lessons lie in the daytime with the times as they are understood.
    lesson_hours: Literal["plausible", "implausible"] | None = None
    names_unasked: bool | None = None
    civic_spellings: tuple[str, ...] = ()
    requests: int = 0

    def of(self, resource: str) -> ResourceFacts:
        """Give the facts of a list; one that was never asked is not served."""
        return self.resources.get(resource, ResourceFacts("not_served"))

    @property
    def absent(self) -> frozenset[str]:
        """The lists that are not served, or not to us."""
        lists = {path for path, facts in self.resources.items() if facts.access in ("forbidden", "not_served")}
        return frozenset(lists | ({DELETED} if self.deletions in ("forbidden", "not_served") else set()))

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain JSON values."""
        plain: dict[str, Any] = json.loads(json.dumps(_plain(self)))
        return {"format": FORMAT, **plain}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Read it from plain JSON values; facts of another version of ours are let go."""
        known = _known(cls, plain)
        known["resources"] = {
            path: ResourceFacts(**_known(ResourceFacts, facts)) for path, facts in plain["resources"].items()
        }
        return cls(**known)

    def fingerprint(self) -> str:
        """Give what tells one behaviour from another, whatever the counts and the hour."""
        plain = {name: value for name, value in self.to_dict().items() if name not in _UNSTABLE}
        for facts in plain["resources"].values():
            # Having no rows is a state of the data.
            facts["access"] = "served" if facts["access"] == "empty" else facts["access"]
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]

    def resting_on(self, earlier: Capabilities) -> Capabilities:
        """Fill what could not be found out this time with what was known before."""
        resources = {
            path: _filled(facts, earlier.resources[path]) if path in earlier.resources and facts.is_usable else facts
            for path, facts in self.resources.items()
        }
        filled = replace(_filled(self, earlier), resources=resources)
        if any(self.of(path).access == "served" for path in LARGE_LISTS):
            # A whole page was asked for: that no limit showed is known.
            filled = replace(filled, page_cap=self.page_cap, too_large=self.too_large)
        return filled


def _plain(facts: Capabilities) -> dict[str, Any]:
    """Give nested facts as dicts; mappings in them are plain already."""
    shallow = {entry.name: getattr(facts, entry.name) for entry in fields(facts)}
    return shallow | {"resources": {path: _dict(known) for path, known in facts.resources.items()}}


def _dict(facts: ResourceFacts) -> dict[str, Any]:
    """Give one list's facts as a dict in a steady order."""
    plain = asdict(facts)
    return plain | {name: dict(sorted(plain[name].items())) for name in ("token_ways", "filters")}


def _known(kind: type[Any], plain: Mapping[str, Any]) -> dict[str, Any]:
    """Give the entries that a dataclass has fields for, JSON's lists as tuples."""
    names = {entry.name for entry in fields(kind)}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items() if name in names}


def _filled(now: Facts, before: Facts) -> Facts:
    """Give facts with their gaps filled from earlier ones."""
    gaps = {
        entry.name: getattr(before, entry.name)
        for entry in fields(now)
        if getattr(now, entry.name) is None or getattr(now, entry.name) in ((), {})
    }
    if isinstance(now, ResourceFacts) and now.access == "served":
        # Rows came: what they lack is known, and nothing may be all of it.
        gaps.pop("missing", None)
    return replace(now, **gaps)
