"""Retention: what is older than the county keeps is removed from every store, with a receipt; sums stay."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from narvaro.domain.school_year import school_year_from_date
from narvaro.landing import STEPS, expired_rows
from narvaro.ledger import RemovalRecord, RemovalRun
from narvaro.orchestration.removing import files_by_entity, rebuild, remove_rows, standing_loads, sweep_source
from narvaro.orchestration.standstill import standstill

if TYPE_CHECKING:
    from narvaro.ledger import LoadRecord
    from narvaro.orchestration.line import Line

KIND = "retention"
_ID_BYTES = 4


@dataclass(frozen=True, slots=True)
class Expired:
    """How many rows of an entity of a source are older than its class is kept."""

    class_name: str
    source: str
    entity: str
    rows: int
    kept_from: date


def expired(line: Line, today: date) -> list[Expired]:
    """Give what the next run would remove; nothing is changed.

    Raises:
        LandingError: a landed file cannot be read.
    """
    terms = line.county.retention.first_days(today)
    return [found for source in _sources(line) for found in _expired(line, source, terms)]


def enforce_retention(line: Line, today: date, *, by: str) -> RemovalRun:
    """Remove what is older than the county keeps, and give the run; one that was killed is ended first.

    The sums of the school years concerned are written down before their rows go.

    Raises:
        BusyError: something lands, is judged or is built.
        BuildError: before anything was removed, or after all of it was: the next run builds.
        LandingError: the disk is full, or a file is damaged.
    """
    begun = line.ledger.removal_runs(kind=KIND, status="begun")
    terms = line.county.retention.first_days(today)
    run = (
        begun[0]
        if begun
        else RemovalRun(secrets.token_hex(_ID_BYTES), KIND, by, "periods of county.yml", _texts(terms))
    )
    terms = {name: date.fromisoformat(first) for name, first in run.terms.items()}
    if begun or any(_expired(line, source, terms) for source in _sources(line)):
        _write_down_sums(line, terms["lesson_facts"])
    with standstill(line):
        if not begun:
            line.ledger.begin_removal(run)
        count = sum(_remove(line, run, source, terms) for source in _sources(line))
        told = line.ledger.forget_record_ids_before(terms["told_rows"])
        if told:
            line.ledger.record_removal(RemovalRecord(run.run_id, "told_rows", told, entity="record_ids"))
    if begun or count:
        rebuild(line)
    line.ledger.scrub()
    line.ledger.finish_removal(run.run_id)
    return next(each for each in line.ledger.removal_runs(kind=KIND) if each.run_id == run.run_id)


def _expired(line: Line, source: str, terms: dict[str, date]) -> list[Expired]:
    """Count what of a source is older than is kept."""
    files = files_by_entity(line, standing_loads(line, source))
    found = []
    for step in STEPS:
        first = terms[step[0]]
        count = sum(found.count for found in expired_rows(files, step, first, line.settings.landing_dir))
        if count:
            found.append(Expired(step[0], source, step[1], count, first))
    return found


def _remove(line: Line, run: RemovalRun, source: str, terms: dict[str, date]) -> int:
    """Remove what of a source is older than is kept, a step at a time; gives how many rows went."""
    sweep_source(line, source)
    count = 0
    for step in STEPS:
        class_name, entity, _ = step
        # Anew for each step: the one before has given the loads other files.
        loads = standing_loads(line, source)
        mine = {load.load_id: load for load in loads if load.entity == entity}
        for found in expired_rows(files_by_entity(line, loads), step, terms[class_name], line.settings.landing_dir):
            for load_id in sorted({path.parent.name for path in found.rows}):
                count += remove_rows(line, run.run_id, class_name, mine[load_id], found=found)
                mine[load_id] = _as_it_is(line, mine[load_id])
    return count


def _as_it_is(line: Line, load: LoadRecord) -> LoadRecord:
    """Give a load with the files that it rests on by now."""
    loads = line.ledger.loads(load.night, source=load.source)
    return next(each for each in loads if each.load_id == load.load_id)


def _write_down_sums(line: Line, first: date) -> None:
    """Keep the sums of the school years before a day, from a warehouse that has all that has landed."""
    from narvaro.warehouse import archive_dir, archive_sums

    if rebuild(line):
        archive_sums(line.settings.warehouse_path, school_year_from_date(first), archive_dir(line.settings))


def _texts(terms: dict[str, date]) -> dict[str, str]:
    """Give the first days as text."""
    return {name: first.isoformat() for name, first in terms.items()}


def _sources(line: Line) -> list[str]:
    """Give every source that has landed anything, whether or not it is still read."""
    return sorted({load.source for load in line.ledger.loads()})
