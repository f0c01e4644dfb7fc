"""Reads one source from its cursors to the night's upper bound and lands what it gives."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from narvaro.landing import NightLanding
from narvaro.ledger import LoadFile, LoadRecord
from narvaro.orchestration.completeness import FinishedReading, require_referred_to
from narvaro.orchestration.inference import inferred_deletions
from narvaro.orchestration.probing import probe_when_due
from narvaro.orchestration.pseudonym_key import key_in_force, require_still_in_force
from narvaro.orchestration.refusal import Refusal
from narvaro.privacy import Pseudonymiser
from narvaro.quality import sweep_quarantine
from narvaro.sources import ENTITIES, Anew, Given, Mark, Resumption, connect, plan_night, refuse_unstated
from narvaro.sources.ss12000.lists import CHANGING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from narvaro.landing import Checkpoints, Manifest
    from narvaro.orchestration.line import Line
    from narvaro.sources import Connector, NightPlan, Step

_SHARED_FIELDS = (
    "load_id",
    "source",
    "entity",
    "night",
    "rows",
    "bytes",
    "cursor_from",
    "cursor_to",
    "server_date",
    "schema_fingerprint",
    "received",
    "expected",
)


def extract(line: Line, source_name: str, night: date, checkpoints: Checkpoints | None = None) -> None:
    """Read the source into a whole night landing and make it exist in the ledger.

    A run that was killed, or whose source fell silent, is gone on from where its checkpoint stands,
    as long as the night still rests on the same things.

    Raises:
        SourceError, SourceDeniedError, SourceShapeError: the source did not give the night.
        SettingsError: the source's connection is missing or wrong.
        BusyError: another run lands this source.
        LandingError: the landing folder cannot be written.
        PrivacyError: the pseudonym key is missing, unsafe, or another than the landed rows are keyed by.
    """
    ledger, until = line.ledger, line.county.night_bound_at(night)
    key = key_in_force(line)
    cursors = ledger.cursors(source_name)
    capabilities = probe_when_due(line, source_name).to_dict()
    reads = ledger.reads(source_name)
    plan = plan_night(line.county.source(source_name), capabilities, cursors, reads, until, night)
    landing = NightLanding(
        line.settings.landing_dir,
        source_name,
        night,
        until,
        cursors,
        rests_on=_foundation(plan, key.key_id),
        checkpoints=checkpoints,
        key_id=key.key_id,
    )
    with landing:
        require_still_in_force(line, key)
        landing.sweep(ledger.known_load_ids(source_name))
        pseudonymiser = Pseudonymiser(key, source_name, reference_date=night)
        with _connected(line, source_name, pseudonymiser, capabilities) as connector:
            _read(line, night, plan, connector, landing, refusal=Refusal(ledger, key, source_name))
            _mark_doubtful(line, source_name, plan, connector)
            _complete(line, night, plan, connector, landing)
            manifests = landing.seal(connector.server_date)
        ledger.record_landing(source_name, night, [_load_record(manifest) for manifest in manifests], reads=plan.reads)
        _sweep_earlier_tries(line, source_name, landing)


def _connected(
    line: Line, source_name: str, pseudonymiser: Pseudonymiser, capabilities: Mapping[str, Any]
) -> Connector:
    """Open the source."""
    source = line.county.source(source_name)
    connection = line.find_connection(source.conn_id)
    return connect(
        source,
        connection,
        pseudonymiser,
        line.county.timezone,
        manners=line.manners,
        capabilities=capabilities,
        reason_codes=line.county.reason_codes,
    )


def _read(  # noqa: PLR0913 - what is read, where to, and who is refused
    line: Line, night: date, plan: NightPlan, connector: Connector, landing: NightLanding, *, refusal: Refusal
) -> None:
    """Read what the plan asks for into the landing, from where an earlier run has left it."""
    connector.kept = landing.staged_rows
    steps = connector.read(
        plan.readings,
        line.county.night_bound_at(night),
        line.county.school_year_of(night).bounds,
        resumption=Resumption.from_dict(landing.resumption) if landing.resumption else None,
        control_span=plan.control_span,
    )
    for step in steps:
        landing.note_server_date(connector.server_date)
        _take(landing, step, refusal)


def _complete(line: Line, night: date, plan: NightPlan, connector: Connector, landing: NightLanding) -> None:
    """Refuse what has been left out in silence, and land what has been deleted so."""
    reading = FinishedReading(plan, landing.staged_files(), connector.not_served, connector.confirm)
    require_referred_to(line, landing.source, night, reading)
    for batch in inferred_deletions(line, landing.source, night, reading):
        landing.write("deletions", batch)


def _sweep_earlier_tries(line: Line, source_name: str, landing: NightLanding) -> None:
    """Remove an earlier try of the night, which has just stepped aside, and what was said of its rows."""
    standing = line.ledger.known_load_ids(source_name)
    landing.sweep(standing)
    sweep_quarantine(line.settings.quarantine_dir, source_name, standing)


def _take(landing: NightLanding, step: Step, refusal: Refusal) -> None:
    """Land what the connector tells, but for the pupils who were erased."""
    if isinstance(step, Given):
        refuse_unstated(step.entity, step.batch.schema.names)
        landing.write(step.entity, refusal.kept(step.entity, step.batch), repeated=step.repeated)
    elif isinstance(step, Mark):
        landing.mark(step.resource, step.entities, step.token, step.page)
    elif isinstance(step, Anew):
        landing.begin_anew(step.resource, step.entities)


def _mark_doubtful(line: Line, source_name: str, plan: NightPlan, connector: Connector) -> None:
    """Have lists read whole later that were not served tonight, or whose rows came without a time of change."""
    for resource in CHANGING:
        reading = plan.readings[resource.path]
        is_by_change = reading.mode == "cursor" and reading.after is not None
        reason = "was not served" if resource.path in connector.not_served else ""
        if is_by_change and resource.path in connector.without_meta:
            reason = "rows without a time of change"
        for entity in resource.entities if reason else ():
            line.ledger.mark_due(source_name, entity, "full", reason)


def _foundation(plan: NightPlan, key_id: str) -> dict[str, Any]:
    """Give, as plain values, all that two runs of a night must share for the second to go on from the first."""
    spans = {"control": plan.control_span, "window": plan.window}
    return {
        "readings": {
            resource: [reading.mode, reading.after.isoformat() if reading.after else None]
            for resource, reading in plan.readings.items()
        },
        "spans": {name: [day.isoformat() for day in span] if span else None for name, span in spans.items()},
        "key": key_id,
        "columns": _digest(f"{entity}: {schema}" for entity, schema in ENTITIES.items()),
    }


def _digest(lines: Iterable[str]) -> str:
    """Give a short name for some lines, the same for the same."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _load_record(manifest: Manifest) -> LoadRecord:
    """Give a manifest as the ledger keeps it."""
    files = tuple(LoadFile(**asdict(file)) for file in manifest.files)
    return LoadRecord(
        **{field: getattr(manifest, field) for field in _SHARED_FIELDS}, files=files, landed_at=datetime.now(UTC)
    )
