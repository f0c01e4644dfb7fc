"""What one night does to issues: opens, sees again, reopens and resolves them, all of them in a few statements."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_RECORD_IDS = 500


class FoundFault(Protocol):
    """What a finding must tell to become an issue."""

    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def school_unit_code(self) -> str | None: ...  # noqa: D102
    @property
    def rule(self) -> str: ...  # noqa: D102
    @property
    def door(self) -> str: ...  # noqa: D102
    @property
    def severity(self) -> str: ...  # noqa: D102
    @property
    def count(self) -> int: ...  # noqa: D102
    @property
    def record_ids(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def note_sv(self) -> str: ...  # noqa: D102
    @property
    def note_en(self) -> str: ...  # noqa: D102
    @property
    def details(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def owner(self) -> str: ...  # noqa: D102


class Damping(Protocol):
    """When an issue flaps: opened more than `times` in `nights`; it is calm again after as many nights unchanged."""

    @property
    def times(self) -> int: ...  # noqa: D102
    @property
    def nights(self) -> int: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class KnownIssue:
    """How an issue stood before the night, and what the night has done to it so far."""

    fingerprint: str
    source: str
    door: str
    state: str
    opened_night: date
    last_seen_night: date
    resolved_night: date | None
    nights_seen: int
    escalated_night: date | None
    flapping_since: date | None
    event: str | None = None
    earlier_openings: int = 0
    verified_until: date | None = None

    @property
    def last_night(self) -> date:
        """The newest night that said anything of it."""
        return max(self.last_seen_night, self.resolved_night or self.last_seen_night)


@dataclass(slots=True)
class Sightings:
    """Gathers what a night changes; nothing is written here."""

    night: date
    damping: Damping
    known: Mapping[str, KnownIssue]
    opened: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    resolved: list[dict[str, Any]] = field(default_factory=list)
    events: dict[str, tuple[str, int]] = field(default_factory=dict)
    found_flapping: list[str] = field(default_factory=list)

    def see(self, fingerprint: str, finding: FoundFault) -> None:
        """Open the issue, or see it again; a night older than its last word is let pass."""
        issue = self.known.get(fingerprint)
        if issue is None:
            identity = {name: getattr(finding, name) for name in ("source", "school_unit_code", "rule")}
            life = {"opened_night": self.night, "nights_seen": 1, "escalated_night": None, "flapping_since": None}
            self.opened.append({"fingerprint": fingerprint, **identity, **life, **_told(finding, self.night)})
            self.events[fingerprint] = ("opened", finding.count)
            return
        if self.night < issue.last_night:
            return
        event, life = self._life(issue)
        self.changed.append({"seen_fingerprint": fingerprint, **life, **_told(finding, self.night)})
        self.events[fingerprint] = (event, finding.count)

    def resolve_unseen(self, found: Mapping[str, FoundFault], examined: set[tuple[str, str]]) -> None:
        """Resolve the open issues of examined doors that the night did not find; those it opened are withdrawn."""
        for fingerprint, issue in self.known.items():
            if fingerprint in found or (issue.source, issue.door) not in examined or self.night < issue.last_night:
                continue
            if issue.state == "open":
                self._resolve(issue, flapping_since=issue.flapping_since)
                self.events[fingerprint] = ("withdrawn" if issue.event == "opened" else "resolved", 0)
            elif self._has_calmed(issue, issue.resolved_night):
                self._resolve(issue, flapping_since=None)
                self.events[fingerprint] = ("resolved", 0)

    def _resolve(self, issue: KnownIssue, *, flapping_since: date | None) -> None:
        night = self.night if issue.state == "open" else issue.resolved_night
        values = {"seen_fingerprint": issue.fingerprint, "state": "resolved", "resolved_night": night}
        self.resolved.append(values | {"flapping_since": flapping_since})

    def _life(self, issue: KnownIssue) -> tuple[str, dict[str, Any]]:
        """Give what being seen is to a known issue, and what changes in its life by it."""
        life: dict[str, Any] = {
            name: getattr(issue, name) for name in ("opened_night", "nights_seen", "escalated_night", "flapping_since")
        }
        anew = {"opened_night": self.night, "nights_seen": 1, "escalated_night": None}
        if issue.state == "resolved":
            return self._reopened(issue, life | anew)
        if issue.last_seen_night == self.night:
            return "seen", life
        if issue.verified_until is not None and issue.opened_night <= issue.verified_until < self.night:
            # Nobody says any longer that the data are right: news to whoever was left in peace till now.
            return "reopened", life | anew
        life["nights_seen"] = issue.nights_seen + 1
        if self._has_calmed(issue, issue.opened_night):
            return "reopened", life | {"flapping_since": None}
        return "seen", life

    def _reopened(self, issue: KnownIssue, life: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Open it again, and tell whether it flaps by now."""
        if self._has_calmed(issue, issue.resolved_night):
            life["flapping_since"] = None
        if life["flapping_since"] is None and issue.earlier_openings >= self.damping.times:
            life["flapping_since"] = self.night
            self.found_flapping.append(issue.fingerprint)
        return ("opened" if issue.event == "withdrawn" else "reopened"), life

    def _has_calmed(self, issue: KnownIssue, changed_night: date | None) -> bool:
        """Tell whether a flapping issue has been one or the other for long enough."""
        calm = timedelta(days=self.damping.nights)
        return issue.flapping_since is not None and changed_night is not None and self.night - changed_night >= calm


def _told(finding: FoundFault, night: date) -> dict[str, Any]:
    """Give what each sighting says anew."""
    return {
        "state": "open",
        "severity": finding.severity,
        "door": finding.door,
        "last_seen_night": night,
        "resolved_night": None,
        "count": finding.count,
        "record_ids": list(finding.record_ids[:MAX_RECORD_IDS]),
        "note_sv": finding.note_sv,
        "note_en": finding.note_en,
        "details": dict(finding.details),
        "owner": finding.owner,
    }
