"""Erasure of one pupil: found, refused from then on, taken out of every store, and searched for afterwards."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from narvaro.errors import PrivacyError
from narvaro.landing import find_rows, person_records
from narvaro.ledger import RemovalRecord, RemovalRun
from narvaro.orchestration.pseudonym_key import key_in_force
from narvaro.orchestration.pupil_rows import deletions_of_pupil, rows_of_pupil
from narvaro.orchestration.removing import (
    drop_warehouse,
    files_by_entity,
    rebuild,
    remove_rows,
    standing_loads,
    sweep_source,
)
from narvaro.orchestration.standstill import standstill
from narvaro.orchestration.traces import forget_mails, traces_left
from narvaro.privacy import ErasedPupil, Pseudonymiser

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from narvaro.landing import FoundRows
    from narvaro.ledger import LoadRecord
    from narvaro.orchestration.line import Line

CLASS = "erasure"
_ID_BYTES = 4


@dataclass(frozen=True, slots=True)
class FoundPupil:
    """A pupil as the landed rows have it.

    `people` are the records that stand for it, as (source, person_id); `earlier` the pseudonyms that those
    records had before, and `later` those that records have now which had this one before.
    """

    pupil_id: str = field(repr=False)
    people: frozenset[tuple[str, str]] = field(repr=False)
    earlier: frozenset[str] = frozenset()
    later: frozenset[str] = frozenset()

    @property
    def sources(self) -> list[str]:
        """The sources that have told of it."""
        return sorted({source for source, _ in self.people})


@dataclass(frozen=True, slots=True)
class Erasure:
    """A finished erasure: its id, and how many rows went."""

    run_id: str
    rows: int


def pseudonyms_of(line: Line, civic_number: str) -> list[str]:
    """Give the pseudonyms that a civic number can have: one, or one in each source where it does not join.

    Raises:
        PrivacyError: the key is missing or unsafe, or no pupil is named by such a number.
    """
    key = key_in_force(line)
    found = {Pseudonymiser(key, source).pupil_id(civic_number, "") for source in line.county.sources}
    if any(kind == "none" for _, kind in found):
        message = "Not a civic number that names a pupil. Wanted twelve or ten digits, or a pseudonym."
        raise PrivacyError(message)
    return sorted({pupil_id for pupil_id, _ in found})


def find_pupil(line: Line, pupil_ids: list[str]) -> FoundPupil:
    """Find the records of a pupil; of several pseudonyms, the one that has any.

    Raises:
        PrivacyError: no landed row knows it, or several do.
    """
    files = _pupil_files(line)
    found = [pupil for pupil_id in pupil_ids if (pupil := _found(files, pupil_id)) is not None]
    if len(found) != 1:
        count = "No pupil" if not found else f"{len(found)} pupils"
        message = f"{count} in the landed rows by this name. Nothing was done; name one by its pseudonym."
        raise PrivacyError(message)
    return found[0]


def erase(line: Line, pupil: FoundPupil, *, by: str, reason: str) -> Erasure:
    """Erase a pupil; from now on it is refused at the door. A run that is killed is ended by `resume_erasures`.

    Raises:
        BusyError: something lands, is judged or is built.
        PrivacyError: the pupil was found again afterwards.
        BuildError: the pupil is erased, and the warehouse is to be built anew.
    """
    key = key_in_force(line)
    sealed = ErasedPupil(pupil.pupil_id, pupil.people).seal(key)
    run = RemovalRun(secrets.token_hex(_ID_BYTES), CLASS, by, reason, sealed=(sealed,))
    with standstill(line):
        line.ledger.begin_removal(run)
        _remove(line, run)
    return _end(line, run)


def resume_erasures(line: Line) -> list[Erasure]:
    """End the erasures that were interrupted.

    Raises:
        BusyError, PrivacyError, BuildError: as `erase`.
    """
    ended = []
    for run in reversed(line.ledger.removal_runs(kind=CLASS, status="begun")):
        with standstill(line):
            _remove(line, run)
        ended.append(_end(line, run))
    return ended


def _remove(line: Line, run: RemovalRun) -> None:
    """Take the pupil out of every store; the landed rows go last, for they tell what else to look for."""
    drop_warehouse(line)
    pupil = _with_new_records(line, run)
    for source in _sources(line):
        sweep_source(line, source)
        mine = sorted(person_id for place, person_id in pupil.people if place == source)
        loads = standing_loads(line, source)
        found = dict(_find(line, loads, pupil.pupil_id, mine))
        ids = {record_id for rows in found.values() for record_id in rows.ids}
        told = ids | set(mine) | {pupil.pupil_id}
        if count := line.ledger.forget_record_ids(told) if ids or mine else 0:
            line.ledger.record_removal(RemovalRecord(run.run_id, CLASS, count, source, "record_ids"))
        if count := forget_mails(line, told) if ids or mine else 0:
            line.ledger.record_removal(RemovalRecord(run.run_id, CLASS, count, source, "mails"))
        deletions = _find_deletions(line, loads, mine, ids)
        for load in loads:
            rows = deletions if load.entity == "deletions" else found.get(load.entity)
            if rows is not None:
                remove_rows(line, run.run_id, CLASS, load, found=rows, record_ids=told)


def _end(line: Line, run: RemovalRun) -> Erasure:
    """Write the ledger's file anew, search for the pupil, say that it is done, and build what was dropped."""
    line.ledger.scrub()
    pupil = _sealed_pupil(line, run)
    needles = {pupil.pupil_id, *(person_id for _, person_id in pupil.people)}
    if places := traces_left(line, needles):
        message = f"The pupil was found again in {', '.join(places)}. Run: narvaro privacy erase --resume"
        raise PrivacyError(message)
    line.ledger.finish_removal(run.run_id)
    rows = sum(step.rows for step in line.ledger.removals(run.run_id) if step.load_id)
    # Last, for it takes longest: the pupil is gone, and until then there is no warehouse.
    rebuild(line)
    return Erasure(run.run_id, rows)


def _sealed_pupil(line: Line, run: RemovalRun) -> ErasedPupil:
    """Give the pupil of a run, with every record that has come to be known since."""
    key = key_in_force(line)
    parts = [ErasedPupil.unseal(key, sealed) for sealed in line.ledger.seals(run.run_id)]
    return ErasedPupil(parts[0].pupil_id, frozenset().union(*(part.people for part in parts)))


def _with_new_records(line: Line, run: RemovalRun) -> ErasedPupil:
    """Give the pupil of a run, and note the records of it that have landed since it was first named."""
    pupil = _sealed_pupil(line, run)
    now = _found(_pupil_files(line), pupil.pupil_id)
    if now is None or now.people <= pupil.people:
        return pupil
    pupil = ErasedPupil(pupil.pupil_id, pupil.people | now.people)
    line.ledger.add_seal(run.run_id, pupil.seal(key_in_force(line)))
    return pupil


def _found(files: list[Path], pupil_id: str) -> FoundPupil | None:
    """Find the records of one pseudonym, None where no row has it."""
    records = person_records(files, pupil_id)
    people = frozenset((record.source, record.person_id) for record in records if record.newest == pupil_id)
    if not records:
        return None
    earlier = {name for record in records if record.newest == pupil_id for name in record.names} - {pupil_id}
    later = {record.newest for record in records} - {pupil_id}
    return FoundPupil(pupil_id, people, frozenset(earlier), frozenset(later))


def _pupil_files(line: Line) -> list[Path]:
    """Give every kept file of pupils."""
    loads = [load for source in _sources(line) for load in standing_loads(line, source) if load.entity == "pupils"]
    return files_by_entity(line, loads).get("pupils", [])


def _find(line: Line, loads: list[LoadRecord], pupil_id: str, people: list[str]) -> Iterator[tuple[str, FoundRows]]:
    """Find the pupil's rows in each entity that has any."""
    files = files_by_entity(line, loads)
    for entity in files:
        asked = rows_of_pupil(entity, pupil_id, people)
        if asked is None:
            continue
        found = find_rows(files, entity, *asked, spill_dir=line.settings.landing_dir, with_ids=True)
        if found.rows:
            yield entity, found


def _find_deletions(line: Line, loads: list[LoadRecord], people: list[str], ids: set[str]) -> FoundRows | None:
    """Find what was said of the pupil's deleted records."""
    if not (people or ids):
        return None
    asked = deletions_of_pupil(people, ids)
    return find_rows(files_by_entity(line, loads), "deletions", *asked, spill_dir=line.settings.landing_dir)


def _sources(line: Line) -> list[str]:
    """Give every source that has landed anything, whether or not it is still read."""
    return sorted({load.source for load in line.ledger.loads()} | set(line.county.sources))
