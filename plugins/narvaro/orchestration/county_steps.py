"""The steps of the county's night: build, check, publish, send."""

from __future__ import annotations

import hashlib
import logging
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from narvaro.alerts import disputed_identity
from narvaro.errors import DoorClosedError
from narvaro.ledger import ReleaseRecord, ReleaseTable
from narvaro.orchestration.escalation import escalate_overdue, note_reminders
from narvaro.orchestration.findings import examine_marts, examine_sources
from narvaro.orchestration.letters import queue_letters, send_waiting, write_letters
from narvaro.orchestration.loads import load_paths, quarantine_files
from narvaro.orchestration.protecting import marks_that_wait
from narvaro.orchestration.pseudonym_key import require_no_switch
from narvaro.orchestration.quality_docs import write_source_docs
from narvaro.orchestration.quality_tables import with_quality_tables
from narvaro.orchestration.source_table import with_standings
from narvaro.orchestration.verdicts import verdict_record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from duckdb import DuckDBPyConnection

    from narvaro.alerts import Finding
    from narvaro.ledger import IssueRecord, LoadRecord, SourceStatus
    from narvaro.orchestration.line import Line
    from narvaro.publish.release import Release
    from narvaro.warehouse import ProtectionState

_log = logging.getLogger(__name__)
# What in a release's audit tells who was protected when it was made, as a hash.
_PROTECTION = "protection"


def build(line: Line, night: date) -> str:
    """Build the warehouse from what every source has had accepted up to the night.

    Raises:
        BuildError: the last warehouse stands.
        BusyError: another build is running.
        PrivacyError: the pseudonym key is being rotated, or its rotation was interrupted.
    """
    from narvaro.sources.contract import ENTITIES
    from narvaro.warehouse import LandedLoad, WarehouseContent, reference_tables
    from narvaro.warehouse import build as build_warehouse

    # A line that was opened before a rotation that was killed since must not build from rows of two keys.
    require_no_switch(line.settings.landing_dir)
    accepted = line.ledger.accepted_loads(night)
    content = WarehouseContent(
        schemas=ENTITIES,
        loads=[
            LandedLoad(load.load_id, load.source, load.entity, load.night, tuple(load_paths(line.settings, load)))
            for load in accepted
        ],
        references=reference_tables(line.county, night, _source_status(line, night), marks_that_wait(line, night)),
        quarantine_files=quarantine_files(line.settings, accepted),
    )
    result = build_warehouse(line.settings, content)
    rows = sum(result.tables.values())
    what = "Built" if result.changed else "Unchanged:"
    return f"{what} {len(result.tables)} marts, {rows} rows, from {len(accepted)} loads in {result.seconds:.0f} s"


def check_marts(line: Line, night: date) -> int:
    """Hold every mart that has a suite against it, and give the number of suites.

    Raises:
        DoorClosedError: a critical expectation failed; nothing may be published.
    """
    from narvaro.quality import check_mart
    from narvaro.warehouse import read_only

    with read_only(line.settings.warehouse_path) as warehouse:
        verdicts = [
            check_mart(suite_path, warehouse.table(f"marts.{suite_path.stem}").df())
            for suite_path in sorted((line.settings.expectations_dir / "marts").glob("*.yml"))
        ]
        units = warehouse.execute("select school_unit_code, source_name, school_unit_name from marts.dim_school_unit")
        examination = examine_marts(line, verdicts, {code: (source, name) for code, source, name in units.fetchall()})
        disputed = _disputed_identities(warehouse, {source for source, _ in examination.checked})
    line.ledger.record_verdicts([verdict_record(verdict, night) for verdict in verdicts])
    findings = [*examination.findings, *disputed]
    line.ledger.record_findings(night, findings, checked=examination.checked, damping=line.county.flapping)
    if refused := [verdict.explain() for verdict in verdicts if verdict.is_refused]:
        message = "Not fit for publication; the last release stands:\n  " + "\n  ".join(refused)
        raise DoorClosedError(message)
    return len(verdicts)


def _disputed_identities(warehouse: DuckDBPyConnection, sources: set[str]) -> list[Finding]:
    """Tell which sources have records that cannot be one human being though their civic numbers say so."""
    counts = warehouse.execute(
        "select source_name, count(*) from intermediate.int_pupils__identified where is_disputed group by source_name"
    )
    return [disputed_identity(source, count) for source, count in counts.fetchall() if source in sources]


def publish(line: Line, night: date) -> str:
    """Protect and publish the marts, and write each owner's Data Docs; an unchanged night publishes nothing.

    Raises:
        PublishError, PrivacyError: the last release stands.
        LandingError: a page of the Data Docs cannot be written.
        BusyError: another publication is at work.
    """
    from narvaro.disclosure import protect_marts
    from narvaro.publish import publish_release
    from narvaro.warehouse import protection_state

    protection = protection_state(line.settings.warehouse_path)
    marts = protect_marts(line.settings.warehouse_path, line.county.publication)
    accepted = line.ledger.accepted_loads(night)
    # The sources' table tells what is open after this night, not before it.
    record_arrivals(line, night)
    release = publish_release(
        tables=with_quality_tables(line, night, with_standings(line, night, marts)),
        county=line.county,
        night=night,
        loads_fingerprint=_fingerprint(load.load_id for load in accepted),
        published_dir=line.settings.published_dir,
        code_version=version("narvaro"),
        published_url=line.settings.published_url,
        withdraw=_is_otherwise_protected(line, protection),
    )
    line.ledger.record_release(
        _release_record(release, night, accepted, _protection_audit(protection, release.withdrawn))
    )
    write_source_docs(line)
    return f"{'Published' if release.changed else 'Unchanged:'} release {release.release_id}"


def _release_record(
    release: Release, night: date, accepted: Sequence[LoadRecord], audit: dict[str, Any]
) -> ReleaseRecord:
    """Give a release as the ledger keeps it."""
    return ReleaseRecord(
        release_id=release.release_id,
        night=night,
        made_at=datetime.now(UTC),
        status="preliminary",
        code_version=version("narvaro"),
        load_ids=tuple(load.load_id for load in accepted),
        tables=tuple(ReleaseTable(table.name, table.rows, table.sha256) for table in release.tables),
        audit=audit,
    )


def _is_otherwise_protected(line: Line, protection: ProtectionState) -> bool:
    """Tell whether other pupils are protected now than in the last release, which may show one of them at a school."""
    last = next(iter(line.ledger.releases()), None)
    return last is None or last.audit.get(_PROTECTION) != protection.fingerprint


def _protection_audit(protection: ProtectionState, withdrawn: Sequence[str]) -> dict[str, Any]:
    """Note what a release left out for the sake of protected pupils: how much, never whose."""
    _log.info(
        "protected identity: %d pupils left out of school units in %d pupil-weeks, %d earlier releases withdrawn",
        protection.pupils,
        protection.unit_weeks,
        len(withdrawn),
    )
    return {
        _PROTECTION: protection.fingerprint,
        "protected_pupils": protection.pupils,
        "protected_unit_weeks": protection.unit_weeks,
        "withdrawn_releases": list(withdrawn),
    }


def record_arrivals(line: Line, night: date) -> None:
    """Open, see and resolve what the sources' deliveries of the night met; a second time changes nothing."""
    examination = examine_sources(line, night)
    line.ledger.record_findings(night, examination.findings, checked=examination.checked, damping=line.county.flapping)


def settle_issues(line: Line, night: date) -> list[IssueRecord]:
    """Open, see, resolve and escalate what the night met; give every issue that something happened to."""
    record_arrivals(line, night)
    escalate_overdue(line, night)
    issues = line.ledger.issues_of_night(night)
    note_reminders(line, night, issues)
    return issues


def send_letters(line: Line, night: date) -> int:
    """Write each recipient concerned one letter about the night, and send what waits in the outbox.

    Raises:
        AlertError: the post office refused; the letters wait for the next run.
    """
    queue_letters(line, write_letters(line, night, settle_issues(line, night)))
    return send_waiting(line)


def _source_status(line: Line, night: date) -> list[SourceStatus]:
    """Give how every source of the county stands as of a night."""
    return line.ledger.source_status([source.name for source in line.county.enabled_sources], night=night)


def _fingerprint(load_ids: object) -> str:
    """Give one hash for a set of loads."""
    return hashlib.sha256("\n".join(sorted(load_ids)).encode()).hexdigest()  # type: ignore[call-overload]
