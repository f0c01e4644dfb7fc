"""The steps of one source's night: land, judge, settle."""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from narvaro.errors import (
    DoorClosedError,
    NarvaroError,
    SettingsError,
    SourceDeniedError,
    SourceError,
    SourceShapeError,
)
from narvaro.landing import NightLanding
from narvaro.ledger import LoadFile, LoadRecord, NightRecord
from narvaro.orchestration.loads import load_paths
from narvaro.orchestration.verdicts import verdict_record
from narvaro.privacy import Pseudonymiser, load_or_create_key
from narvaro.quality import sweep_quarantine
from narvaro.sources import connect

if TYPE_CHECKING:
    from datetime import date

    from narvaro.landing import Manifest
    from narvaro.orchestration.line import Line
    from narvaro.quality import Verdict

_log = logging.getLogger(__name__)


def land(line: Line, source_name: str, night: date) -> NightRecord:
    """Read one source from its cursors to the night's upper bound and land it whole.

    An accepted night is left as it is. A source that does not answer is noted as silent,
    one that answers in the wrong shape as refused, one whose connection is missing as failed;
    in each case the error goes on to the caller.

    Raises:
        SourceError: no answer, or a busy one; worth a retry.
        SourceDeniedError, SourceShapeError: a person must act.
        SettingsError: the source's connection is missing or wrong.
        BusyError: another run lands this source.
    """
    line.county.source(source_name)
    before = line.ledger.night(source_name, night)
    if before is not None and before.status == "accepted":
        _log.info("%s %s: already accepted", source_name, night)
        return before
    try:
        _extract(line, source_name, night)
    except SourceShapeError as error:
        line.ledger.settle_refused(source_name, night, reason=str(error))
        raise
    except (SourceError, SourceDeniedError) as error:
        line.ledger.settle_silent(source_name, night, reason=str(error))
        raise
    except SettingsError as error:
        line.ledger.settle_failed(source_name, night, reason=str(error))
        raise
    return _night(line, source_name, night)


def judge(line: Line, source_name: str, night: date) -> NightRecord:
    """Hold every load of a landed night against its suite; accept the night or refuse it whole.

    Raises:
        DoorClosedError: a suite refused; the source's last good night stands.
    """
    record = _night(line, source_name, night)
    if record.status != "landed":
        return record
    loads = [load for load in line.ledger.loads(night, source=source_name) if load.status == "landed"]
    verdicts = [_check(line, load) for load in loads]
    records = [verdict_record(verdict, night) for verdict in verdicts]
    if refused := [verdict.explain() for verdict in verdicts if verdict.is_refused]:
        reason = "; ".join(refused)
        line.ledger.settle_refused(source_name, night, records, reason=reason)
        message = f"{source_name} {night}: refused by {reason}. The last good night stands; see `narvaro issues`."
        raise DoorClosedError(message)
    cursors = {load.entity: load.cursor_to for load in loads}
    line.ledger.settle_accepted(source_name, night, records, cursors)
    return _night(line, source_name, night)


def _check(line: Line, load: LoadRecord) -> Verdict:
    """Hold one load against its suite and write down the rows that it sets aside."""
    from narvaro.quality import check_load, write_quarantine

    verdict = check_load(
        line.settings.expectations_dir / "raw" / f"raw__{load.entity}.yml",
        load_id=load.load_id,
        source=load.source,
        entity=load.entity,
        files=load_paths(line.settings, load),
        timezone=line.county.timezone,
        max_quarantine_share=line.county.quality.quarantine_max_share,
    )
    # Before the verdict is in the ledger: a quarantine file without a verdict is harmless, the reverse is not.
    write_quarantine(line.settings.quarantine_dir, verdict)
    return verdict


def settle(line: Line, source_name: str, night: date) -> NightRecord:
    """Say how a source's night ended; one that left no word is noted as failed, for the source may have answered."""
    record = line.ledger.night(source_name, night)
    if record is None or record.status == "landed":
        line.ledger.settle_failed(source_name, night, reason="the run ended before the night was settled")
    return _night(line, source_name, night)


def land_and_judge(line: Line, source_name: str, night: date) -> tuple[NightRecord, NarvaroError | None]:
    """Run one source's night without a scheduler; a source's failure is given back, not raised."""
    error: NarvaroError | None = None
    try:
        land(line, source_name, night)
        judge(line, source_name, night)
    except (SettingsError, SourceError, SourceDeniedError, SourceShapeError, DoorClosedError) as failure:
        error = failure
    return settle(line, source_name, night), error


def _extract(line: Line, source_name: str, night: date) -> None:
    """Read the source into a whole night landing and make it exist in the ledger."""
    county, source, ledger = line.county, line.county.source(source_name), line.ledger
    until = county.night_bound_at(night)
    school_year = county.school_year_of(night).bounds
    # A key that is gone must not be replaced once rows rest on it: every pupil would split in two.
    key = load_or_create_key(line.settings.pseudonym_key_path, keyed_data_exist=bool(ledger.nights()))
    pseudonymiser = Pseudonymiser(key, source_name, reference_date=night)
    connection = line.find_connection(source.conn_id)
    cursors = ledger.cursors(source_name)
    with NightLanding(line.settings.landing_dir, source_name, night, until=until, cursors=cursors) as landing:
        landing.sweep(ledger.known_load_ids(source_name))
        with connect(source, connection, pseudonymiser, county.timezone) as connector:
            for entity, batch in connector.read(cursors, until, school_year):
                landing.write(entity, batch)
            manifests = landing.seal(connector.server_date)
        ledger.record_landing(source_name, night, [_load_record(manifest) for manifest in manifests])
        # An earlier try of this night has just stepped aside, and with it what was said of its rows.
        known = ledger.known_load_ids(source_name)
        landing.sweep(known)
        sweep_quarantine(line.settings.quarantine_dir, source_name, known)


def _load_record(manifest: Manifest) -> LoadRecord:
    """Give a manifest as the ledger keeps it."""
    files = tuple(LoadFile(**asdict(file)) for file in manifest.files)
    return LoadRecord(
        **{field: getattr(manifest, field) for field in _SHARED_FIELDS}, files=files, landed_at=datetime.now(UTC)
    )


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


def _night(line: Line, source_name: str, night: date) -> NightRecord:
    """Give a night that must be in the ledger by now."""
    record = line.ledger.night(source_name, night)
    if record is None:
        message = f"{source_name} {night}: nothing has landed. Run `narvaro land {source_name}` first."
        raise DoorClosedError(message)
    return record
