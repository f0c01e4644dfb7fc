"""The steps of one source's night: land, judge, settle."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from narvaro.errors import (
    DoorClosedError,
    NarvaroError,
    SettingsError,
    ShortPullError,
    SourceDeniedError,
    SourceError,
    SourceShapeError,
)
from narvaro.ledger import LoadRecord, NightRecord
from narvaro.orchestration.brake import pulled_brake
from narvaro.orchestration.completeness import refusal
from narvaro.orchestration.control import hold_to_control
from narvaro.orchestration.deciding import explain_brake
from narvaro.orchestration.extraction import extract
from narvaro.orchestration.loads import load_paths
from narvaro.orchestration.protecting import people_not_to_name
from narvaro.orchestration.verdicts import verdict_record

if TYPE_CHECKING:
    from datetime import date

    from narvaro.landing import Checkpoints
    from narvaro.orchestration.line import Line
    from narvaro.quality import Verdict

_log = logging.getLogger(__name__)


def land(line: Line, source_name: str, night: date, *, checkpoints: Checkpoints | None = None) -> NightRecord:
    """Read one source from its cursors to the night's upper bound and land it whole.

    A run that did not end is gone on from; `checkpoints` says where its place is kept besides
    the landing folder. An accepted or held night is left as it is. A source that does not answer is noted as silent,
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
    if before is not None and before.status in {"accepted", "held"}:
        _log.info("%s %s: already %s", source_name, night, before.status)
        return before
    try:
        extract(line, source_name, night, checkpoints)
    except SourceShapeError as error:
        verdicts = [refusal(error, source_name, night)] if isinstance(error, ShortPullError) else []
        line.ledger.settle_refused(source_name, night, verdicts, reason=str(error))
        raise
    except (SourceError, SourceDeniedError) as error:
        line.ledger.settle_silent(source_name, night, reason=str(error))
        raise
    except SettingsError as error:
        line.ledger.settle_failed(source_name, night, reason=str(error))
        raise
    return _night(line, source_name, night)


def judge(line: Line, source_name: str, night: date) -> NightRecord:
    """Hold a landed night against its suites, the source's own sums and the brake; accept, hold or refuse it whole.

    A held night waits for a person: `narvaro deletions`, or the question in Airflow.

    Raises:
        DoorClosedError: a suite refused, or rows are missing; the source's last good night stands.
    """
    record = _night(line, source_name, night)
    if record.status != "landed":
        return record
    loads = [load for load in line.ledger.loads(night, source=source_name) if load.status == "landed"]
    verdicts = [_check(line, load) for load in loads]
    records = [verdict_record(verdict, night) for verdict in verdicts]
    refusals = [verdict.explain() for verdict in verdicts if verdict.is_refused]
    control = None if refusals else hold_to_control(line, source_name, night, loads)
    if control is not None:
        records.append(control.verdict)
        refusals += [control.explain()] if control.is_refused else []
    if refusals:
        reason = "; ".join(refusals)
        line.ledger.settle_refused(source_name, night, records, reason=reason)
        message = f"{source_name} {night}: refused by {reason}. The last good night stands; see `narvaro issues`."
        raise DoorClosedError(message)
    brake = pulled_brake(line, source_name, night, loads)
    if brake is not None:
        line.ledger.settle_held(brake, records, reason=explain_brake(brake))
    else:
        cursors = {load.entity: load.cursor_to for load in loads}
        line.ledger.settle_accepted(source_name, night, records, cursors)
    return _night(line, source_name, night)


def _check(line: Line, load: LoadRecord) -> Verdict:
    """Hold one load against its suite and write down the rows that it sets aside."""
    from narvaro.quality import check_load, withhold_ids, write_quarantine

    files = load_paths(line.settings, load)
    verdict = check_load(
        line.settings.expectations_dir / "raw" / f"raw__{load.entity}.yml",
        load_id=load.load_id,
        source=load.source,
        entity=load.entity,
        files=files,
        timezone=line.county.timezone,
        max_quarantine_share=line.county.quality.quarantine_max_share,
    )
    if verdict.faulty_rows:
        verdict = withhold_ids(verdict, files, people_not_to_name(line, load.source, load.night))
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


def _night(line: Line, source_name: str, night: date) -> NightRecord:
    """Give a night that must be in the ledger by now."""
    record = line.ledger.night(source_name, night)
    if record is None:
        message = f"{source_name} {night}: nothing has landed. Run `narvaro land {source_name}` first."
        raise DoorClosedError(message)
    return record
