"""What a night met at the doors, as findings that become issues and letters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from narvaro.alerts import (
    DOOR_ARRIVAL,
    DOOR_CAPABILITIES,
    DOOR_MARTS,
    DOOR_READING,
    DOOR_ROWS,
    Finding,
    capability_changed,
    findings_from_failures,
    findings_from_sources,
    findings_from_units,
    held_deletions,
    minutes_off,
    not_read,
    silent_source,
    wrong_shape,
)
from narvaro.orchestration import completeness, control
from narvaro.orchestration.deciding import explain_brake
from narvaro.orchestration.loads import load_paths, quarantine_files, remark_files
from narvaro.orchestration.probing import standing_changes
from narvaro.orchestration.protecting import people_not_to_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from narvaro.ledger import FailureRecord, NightRecord
    from narvaro.orchestration.line import Line
    from narvaro.quality import Failure, Verdict


@dataclass(frozen=True, slots=True)
class Examination:
    """Findings, and every (source, door) that was looked at, also those without any."""

    findings: tuple[Finding, ...]
    checked: tuple[tuple[str, str], ...]


def examine_sources(line: Line, night: date) -> Examination:
    """Tell what each source's night met: silence, refusals, and the rows that still stand wrong.

    A source that we ourselves failed to read has not been examined: nothing of it is found or mended.
    """
    findings: list[Finding] = []
    checked: list[tuple[str, str]] = []
    for source in line.county.enabled_sources:
        record = line.ledger.night(source.name, night)
        checked.append((source.name, DOOR_READING))
        if record is None or record.status == "failed":
            findings.append(not_read(source.name, reason=record.reason if record else ""))
            continue
        findings += _arrival(line, source.name, record)
        checked.append((source.name, DOOR_ARRIVAL))
        if changes := standing_changes(line, source.name):
            findings.append(capability_changed(source.name, changes))
        checked.append((source.name, DOOR_CAPABILITIES))
        if record.status == "accepted":
            findings += findings_from_failures(source.name, _standing(line, source.name, night), door=DOOR_ROWS)
            checked.append((source.name, DOOR_ROWS))
    return Examination(tuple(findings), tuple(checked))


def examine_marts(line: Line, verdicts: Sequence[Verdict], units: dict[str, tuple[str, str]]) -> Examination:
    """Tell what the marts' suites met in single sources and units; `units` gives each code's source and name."""
    enabled = {source.name for source in line.county.enabled_sources}
    sources = {code: source for code, (source, _) in units.items() if source in enabled}
    names = {code: name for code, (_, name) in units.items()}
    findings: list[Finding] = []
    for failure in (failure for verdict in verdicts for failure in verdict.failures if failure.keys):
        if "school_unit_code" in failure.keys[0]:
            findings += findings_from_units(failure, sources=sources, names=names)
        elif "source_name" in failure.keys[0]:
            findings += [finding for finding in findings_from_sources(failure) if finding.source in enabled]
    return Examination(tuple(findings), tuple((source, DOOR_MARTS) for source in sorted(enabled)))


def _arrival(line: Line, source: str, record: NightRecord) -> list[Finding]:
    """Tell what was wrong with a night as a whole."""
    held = list(_held(line, source, record))
    if record.status == "silent":
        return [*held, silent_source(source, reason=record.reason)]
    minutes = list(_minutes_off(line, source, record))
    failures = list(_failures_of_night(line, source, record))
    left_out = _left_out(line, source, record)
    if record.status == "refused" and not (failures or minutes or held or left_out):
        return [wrong_shape(source, reason=record.reason)]
    return [*held, *minutes, *left_out, *findings_from_failures(source, failures, door=DOOR_ARRIVAL)]


def _held(line: Line, source: str, record: NightRecord) -> Iterator[Finding]:
    """Tell what deletions wait for a person, or were rejected this very night."""
    for brake in line.ledger.brakes(source):
        is_told = brake.status == "pending" or (brake.status == "rejected" and brake.night == record.night)
        if is_told and brake.night <= record.night:
            yield from held_deletions(source, brake.units, reason=explain_brake(brake))


def _minutes_off(line: Line, source: str, record: NightRecord) -> Iterator[Finding]:
    """Tell in which units and weeks what stands is not what the source sums."""
    loads = line.ledger.loads(record.night, source=source)
    standing = {load.load_id for load in loads if load.status != "superseded"}
    for verdict in line.ledger.verdicts(source=source, night=record.night):
        for failure in verdict.failures if verdict.suite == control.SUITE and verdict.load_id in standing else ():
            weeks = ", ".join(failure.record_ids)
            yield minutes_off(source, failure, reason=f"{failure.rule}: {failure.count} minutes in {weeks}")


def _left_out(line: Line, source: str, record: NightRecord) -> list[Finding]:
    """Tell what lists left out that other rows refer to: of a refused night why, of another what is not there."""
    if record.status == "refused":
        refused = [
            verdict for verdict in completeness.verdicts(line, source, record.night) if verdict.status == "refused"
        ]
        # The newest try of the night may have been refused for another reason.
        failures = refused[-1].failures if refused and record.reason.startswith(f"{source}: a short pull") else ()
        told = findings_from_failures(source, ((each.column, each) for each in failures), door=DOOR_ARRIVAL)
        return [replace(finding, details={**finding.details, "reason": record.reason}) for finding in told]
    # Registers come on school days only: what was told on one of them stands over the days without.
    nights = [record.night - timedelta(days=days) for days in range(completeness.TOLD_FOR_DAYS)]
    tried = (completeness.verdicts(line, source, night) for night in nights)
    newest = next((verdicts[-1] for verdicts in tried if verdicts), None)
    failures = newest.failures if newest and newest.status != "refused" else ()
    return findings_from_failures(source, ((each.column, each) for each in failures), door=DOOR_ARRIVAL)


def _failures_of_night(line: Line, source: str, record: NightRecord) -> Iterator[tuple[str, FailureRecord]]:
    """Give the failures of whole loads; of a refused night also those of rows, for no later door will tell them."""
    loads = line.ledger.loads(record.night, source=source)
    standing = {load.load_id for load in loads if load.status != "superseded"}
    for verdict in line.ledger.verdicts(source=source, night=record.night):
        if verdict.suite in {control.SUITE, completeness.SUITE}:
            continue
        for failure in verdict.failures:
            if verdict.load_id in standing and (failure.level == "table" or record.status == "refused"):
                yield verdict.entity, failure


def _standing(line: Line, source: str, night: date) -> Iterator[tuple[str, Failure]]:
    """Give what still stands of the rows that failed in the source's accepted loads."""
    from narvaro.quality import standing_failures

    loads = line.ledger.accepted_loads(night, source=source)
    deletions = [path for load in loads if load.entity == "deletions" for path in load_paths(line.settings, load)]
    faults = quarantine_files(line.settings, loads) + remark_files(line.settings, loads)
    hidden = people_not_to_name(line, source, night) if faults else frozenset()
    for entity in sorted({load.entity for load in loads}):
        of_entity = [load for load in loads if load.entity == entity]
        suite_path = line.settings.expectations_dir / "raw" / f"raw__{entity}.yml"
        for failure in standing_failures(
            suite_path,
            fault_files=quarantine_files(line.settings, of_entity) + remark_files(line.settings, of_entity),
            load_files=[path for load in of_entity for path in load_paths(line.settings, load)],
            deletion_files=deletions,
            hidden_people=hidden,
        ):
            yield entity, failure
