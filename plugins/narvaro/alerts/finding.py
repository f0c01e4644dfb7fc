"""A finding: one fault that one night met at one of our doors, fit to become an issue."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# A door is examined as a whole: what it no longer finds is mended.
DOOR_READING = "reading"
DOOR_ARRIVAL = "arrival"
DOOR_ROWS = "rows"
DOOR_MARTS = "marts"
DOOR_CAPABILITIES = "capabilities"

NOT_READ = "not_read"
SILENT_SOURCE = "silent_source"
WRONG_SHAPE = "wrong_shape"
HELD_DELETIONS = "held_deletions"
SHORT_PULL = "short_pull"
SURPLUS_MINUTES = "surplus_minutes"
CAPABILITY_CHANGED = "capability_changed"
DISPUTED_IDENTITY = "disputed_identity"
MAX_RECORD_IDS = 500


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault; `details` may hold school_unit_name, periods, entities and reason, never a pupil's.

    `owner` is who mends it: register, timetable, reporting, vendor, or engineer for ourselves.
    """

    source: str
    rule: str
    door: str
    severity: str
    count: int = 1
    school_unit_code: str | None = None
    record_ids: tuple[str, ...] = ()
    note_sv: str = ""
    note_en: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    owner: str = "vendor"


class MetFailure(Protocol):
    """What a verdict's failure must tell to become a finding."""

    @property
    def rule(self) -> str: ...  # noqa: D102
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
    def owner(self) -> str: ...  # noqa: D102


class UnitFailure(MetFailure, Protocol):
    """What a failure of one school unit must tell besides: its code stands in the column."""

    @property
    def column(self) -> str: ...  # noqa: D102


class MartFailure(MetFailure, Protocol):
    """What a failure on a mart must tell besides."""

    @property
    def keys(self) -> tuple[Mapping[str, str], ...]: ...  # noqa: D102


def not_read(source: str, *, reason: str = "") -> Finding:
    """Give the finding that we did not get as far as asking a source: ours to mend, and nobody else's."""
    return Finding(source, NOT_READ, DOOR_READING, "critical", details=_reason(reason), owner="engineer")


def silent_source(source: str, *, reason: str = "") -> Finding:
    """Give the finding that a source did not answer."""
    return Finding(source, SILENT_SOURCE, DOOR_ARRIVAL, "critical", details=_reason(reason))


def wrong_shape(source: str, *, reason: str = "") -> Finding:
    """Give the finding that a source's answer could not be read; `reason` is for its supplier."""
    return Finding(source, WRONG_SHAPE, DOOR_ARRIVAL, "critical", details=_reason(reason))


def held_deletions(source: str, units: Iterable[Mapping[str, Any]], *, reason: str) -> list[Finding]:
    """Give one finding per school unit whose rows would vanish; `units` has one entry per unit and entity."""
    by_unit: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for unit in units:
        by_unit[unit["school_unit_code"]].append(unit)
    return [
        Finding(
            source=source,
            rule=HELD_DELETIONS,
            door=DOOR_ARRIVAL,
            severity="critical",
            count=sum(member["doomed"] for member in members),
            owner="register",
            school_unit_code=code or None,
            details=_reason(reason)
            | {
                "school_unit_name": members[0]["school_unit_name"],
                "entities": sorted({member["entity"] for member in members}),
            },
        )
        for code, members in sorted(by_unit.items())
    ]


def minutes_off(source: str, failure: UnitFailure, *, reason: str) -> Finding:
    """Give the finding that a unit's minutes are not those that the source itself sums; the ids are weeks."""
    return Finding(
        source=source,
        rule=failure.rule,
        door=DOOR_ARRIVAL,
        severity=failure.severity,
        count=failure.count,
        school_unit_code=failure.column or None,
        details=_reason(reason) | {"school_unit_name": failure.note_sv, "periods": sorted(failure.record_ids)},
    )


def capability_changed(source: str, differences: Iterable[str]) -> Finding:
    """Give the finding that a source can do other things than before; the owner and the engineer are told."""
    changes = list(differences)
    reason = _reason("; ".join(changes))
    return Finding(source, CAPABILITY_CHANGED, DOOR_CAPABILITIES, "warning", count=len(changes), details=reason)


def disputed_identity(source: str, count: int) -> Finding:
    """Give the finding that records cannot be one human being though their civic numbers say so."""
    return Finding(source, DISPUTED_IDENTITY, DOOR_MARTS, "warning", count=count, owner="register")


def findings_from_failures(
    source: str,
    failures: Iterable[tuple[str, MetFailure]],
    *,
    door: str,
) -> list[Finding]:
    """Give one finding per rule from (entity, failure) pairs, counts and ids put together."""
    by_rule: dict[str, list[tuple[str, MetFailure]]] = defaultdict(list)
    for entity, failure in failures:
        by_rule[failure.rule].append((entity, failure))
    findings = []
    for rule, members in sorted(by_rule.items()):
        first = members[0][1]
        is_critical = any(failure.severity == "critical" for _, failure in members)
        ids = [record_id for _, failure in members for record_id in failure.record_ids]
        findings.append(
            Finding(
                source=source,
                rule=rule,
                door=door,
                severity="critical" if is_critical else first.severity,
                count=sum(failure.count for _, failure in members),
                record_ids=tuple(ids[:MAX_RECORD_IDS]),
                note_sv=first.note_sv,
                note_en=first.note_en,
                details={"entities": sorted({entity for entity, _ in members})},
                owner=first.owner,
            )
        )
    return findings


def findings_from_units(
    failure: MartFailure,
    *,
    sources: Mapping[str, str],
    names: Mapping[str, str],
    period: str = "iso_week",
) -> list[Finding]:
    """Give one finding per school unit from a mart's failure; a unit without a source is let pass.

    `sources` and `names` are the source and the name of each school unit code.
    """
    periods: dict[str, list[str]] = defaultdict(list)
    for key in failure.keys:
        periods[key["school_unit_code"]].append(key[period])
    return [
        Finding(
            source=sources[code],
            rule=failure.rule,
            door=DOOR_MARTS,
            severity=failure.severity,
            count=len(set(periods[code])),
            school_unit_code=code,
            note_sv=failure.note_sv,
            note_en=failure.note_en,
            details={"school_unit_name": names.get(code, ""), "periods": sorted(set(periods[code]))},
            owner=failure.owner,
        )
        for code in sorted(periods)
        if code in sources
    ]


def findings_from_sources(failure: MartFailure) -> list[Finding]:
    """Give one finding per source from the failure of a mart whose rows are sources."""
    return [
        Finding(
            source=key["source_name"],
            rule=failure.rule,
            door=DOOR_MARTS,
            severity=failure.severity,
            note_sv=failure.note_sv,
            note_en=failure.note_en,
            owner=failure.owner,
        )
        for key in failure.keys
    ]


def _reason(reason: str) -> dict[str, str]:
    return {"reason": reason} if reason else {}
