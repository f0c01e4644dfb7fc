"""What is known of a server from its probe, in the words that a night's plan asks in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from narvaro.sources.ss12000.lists import CHANGING, DELETED, LESSONS, STANDING, SYLLABUSES
from narvaro.sources.ss12000.probe.capabilities import Capabilities

# A time without an offset is read an hour or two off, by us or by the server.
_HOURS_OFF = timedelta(hours=3)
_FILTERS = ("meta.modified.after", "meta.modified.before")
_BAD_USES = {
    "ignored": "is ignored",
    "refused": "is refused",
    "loses_rows": "loses rows",
}


@dataclass(frozen=True, slots=True)
class Known:
    """A source's capabilities, or nothing yet: then it is taken to keep to the standard."""

    found: Capabilities | None = None

    @classmethod
    def of(cls, capabilities: Mapping[str, Any] | None) -> Self:
        """Read what the ledger keeps of a probe."""
        return cls(Capabilities.from_dict(capabilities) if capabilities else None)

    @property
    def least_overlap(self) -> timedelta:
        """The overlap that the server's times demand."""
        return _HOURS_OFF if self._is_naive else timedelta()

    @property
    def has_offsets(self) -> bool:
        """Whether lessons were seen to tell their times with an offset."""
        return self.found is not None and self.found.of(LESSONS.path).row_times == "offset"

    @property
    def slack(self) -> timedelta:
        """How far apart the server and we may read the same time."""
        ignores_offsets = self.found is not None and self.found.filter_offsets == "ignored"
        return _HOURS_OFF if ignores_offsets or self._is_naive else timedelta()

    @property
    def gives_registers_by_lesson(self) -> bool | None:
        """Whether lessons can be had with their registers; None: not known."""
        if self.found is None:
            return None
        ways = (self.found.expand_attendance, self.found.lookup_by_lessons)
        if self.found.expand_attendance == "honoured" or self.found.lookup_by_lessons:
            return True
        return None if None in ways else False

    @property
    def page_size(self) -> int | None:
        """The most rows on a page that the server bears, None when that is not known."""
        return max(1, self.found.too_large // 2) if self.found and self.found.too_large else None

    @property
    def expected(self) -> frozenset[str]:
        """The lists that the server serves."""
        return self._lists(is_usable=True)

    @property
    def absent(self) -> frozenset[str]:
        """The lists that the server does not serve, or not to us."""
        return self._lists(is_usable=False)

    def is_usable(self, path: str, *, by_window: bool = False) -> bool:
        """Tell whether a list can be read; registers may also be had through their lessons."""
        if self.found is None:
            return True
        facts = self.found.of(LESSONS.path if by_window else path)
        return facts.is_usable or facts.access == "failing"

    def why_not_by_change(self, path: str) -> str | None:
        """Say why a list cannot be read by time of change; None when it can, as far as is known."""
        if self.found is None or path not in self.found.resources:
            return None
        facts = self.found.of(path)
        uses = ((name, str(facts.filters.get(name))) for name in _FILTERS)
        reasons = (
            (not self.is_usable(path), "the list is not served to us"),
            (facts.has_meta is False, "rows have no `meta.modified`"),
            (facts.paging == "unsafe", "page tokens forget the filters"),
            *((use in _BAD_USES, f"{name} {_BAD_USES.get(use)}") for name, use in uses),
            (path == LESSONS.path and self.found.modified_is_start, "`meta.modified` is the lesson's start"),
        )
        return next((reason for holds, reason in reasons if holds), None)

    @property
    def _is_naive(self) -> bool:
        """Whether times of change come without an offset."""
        facts = self.found.resources.values() if self.found else ()
        return any(each.modified_times in ("naive", "mixed") for each in facts)

    def _lists(self, *, is_usable: bool) -> frozenset[str]:
        """Give the lists that the probe could use, or could not."""
        if self.found is None:
            return frozenset()
        paths = {resource.path for resource in (*STANDING, *CHANGING, SYLLABUSES)} & set(self.found.resources)
        lists = {path for path in paths if self.is_usable(path) is is_usable}
        if (self.found.deletions not in (None, "failing")) and self._has_deletions() is is_usable:
            lists.add(DELETED)
        return frozenset(lists)

    def _has_deletions(self) -> bool:
        """Tell whether deletions are told at all."""
        return self.found is not None and self.found.deletions not in ("not_served", "forbidden")
