"""An access request (GDPR, article 15): what every store holds about one pupil, logged before it is given."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from narvaro.errors import PrivacyError
from narvaro.landing import OWN_IDS, told_rows
from narvaro.ledger import AccessRecord, tells_any
from narvaro.orchestration.loads import quarantine_files, remark_files
from narvaro.orchestration.pupil_rows import deletions_of_pupil, rows_of_pupil
from narvaro.orchestration.removing import files_by_entity, standing_loads
from narvaro.orchestration.restricted import required_purpose
from narvaro.privacy import masked
from narvaro.quality import rows_told_of
from narvaro.sources.purposes import USES, Retention

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from narvaro.ledger import LoadRecord
    from narvaro.orchestration.erasure import FoundPupil
    from narvaro.orchestration.line import Line

_REBUILT = "rebuilt every night from the landing"
_NUMBERED = ("_load_id", "_row")


@dataclass(frozen=True, slots=True)
class HeldRows:
    """Rows that one store holds about the pupil.

    `kept` says how long, `fields` why each of them is kept and what kind of data it is.
    """

    store: str
    source: str
    name: str
    kept: str
    fields: Mapping[str, tuple[str, str]]
    rows: list[dict[str, Any]] = field(repr=False)


def extract(line: Line, pupil: FoundPupil, *, purpose: str, actor: str, with_protected: bool = False) -> list[HeldRows]:
    """Give all that is held about a pupil; who asked, when and why is logged first.

    Raises:
        PrivacyError: no purpose is stated, or the pupil has protected identity and nobody has said that it may be told.
        LandingError: a landed file cannot be read.
        BuildError: there is no warehouse.
    """
    from narvaro.warehouse import rows_about

    who = AccessRecord(datetime.now(UTC), actor, masked(required_purpose(purpose)), "privacy extract", 0, "pupil")
    held: list[HeldRows] = []
    try:
        people = {source: [p for place, p in pupil.people if place == source] for source in pupil.sources}
        for source, mine in people.items():
            held += _of_source(line, source, pupil.pupil_id, mine)
        _require_may_be_told(held, with_protected=with_protected)
        names = {pupil.pupil_id, *(person for mine in people.values() for person in mine)}
        for mart, rows in rows_about(line.settings.warehouse_path, names).items():
            held.append(HeldRows("warehouse", "", mart, _REBUILT, _fields("", rows), rows))
    finally:
        line.ledger.record_access(replace(who, rows=sum(len(part.rows) for part in held)))
    return held


def _of_source(line: Line, source: str, pupil_id: str, people: list[str]) -> Iterator[HeldRows]:
    """Give what has landed of a source about the pupil, and what was said of those rows."""
    loads = standing_loads(line, source)
    files, spill_dir = files_by_entity(line, loads), line.settings.landing_dir
    ids: set[str] = set()
    numbers: set[tuple[str, int]] = set()
    for entity in files:
        asked = rows_of_pupil(entity, pupil_id, people)
        if asked is None:
            continue
        rows = told_rows(files, entity, *asked, spill_dir=spill_dir).to_pylist()
        ids |= {row[OWN_IDS[entity]] for row in rows if entity in OWN_IDS} - {None}
        numbers |= {(row["_load_id"], row["_row"]) for row in rows}
        yield _landed(line, source, entity, rows)
    if "deletions" in files:
        asked = deletions_of_pupil(people, ids)
        yield _landed(line, source, "deletions", told_rows(files, "deletions", *asked, spill_dir=spill_dir).to_pylist())
    yield from _said(line, source, loads, numbers, {*ids, *people, pupil_id})


def _landed(line: Line, source: str, entity: str, rows: list[dict[str, Any]]) -> HeldRows:
    """Give landed rows with the reasons why they are kept."""
    class_name = USES[entity].retention
    first = line.county.retention.first_days(_today(line)).get(class_name)
    kept = f"{class_name}: since {first}" if first and class_name != Retention.KEPT else str(class_name)
    return HeldRows("landing", source, entity, kept, _fields(entity, rows), rows)


def _said(
    line: Line, source: str, loads: Collection[LoadRecord], numbers: set[tuple[str, int]], told: set[str]
) -> Iterator[HeldRows]:
    """Give what quarantine, remarks and ledger say of the rows."""
    for store, files in (
        ("quarantine", quarantine_files(line.settings, loads)),
        ("remarks", remark_files(line.settings, loads)),
    ):
        rows = [row for row in rows_told_of(files) if tuple(row[name] for name in _NUMBERED) in numbers]
        yield HeldRows(store, source, "rules not met", "with its load", _fields("", rows), rows)
    issues = [
        {"rule": issue.rule, "opened_night": issue.opened_night, "state": issue.state, "record_id": record_id}
        for issue in line.ledger.issues(source)
        for record_id in sorted(told.intersection(issue.record_ids))
    ]
    letters = [
        {"night": letter.night, "recipient": letter.recipient, "message": letter.message}
        for letter in line.ledger.letters()
        if letter.message and tells_any(letter.message, told)
    ]
    for name, rows in (("issues", issues), ("letters", letters)):
        yield HeldRows("ledger", source, name, "told_rows", _fields("", rows), rows)


def _require_may_be_told(held: Collection[HeldRows], *, with_protected: bool) -> None:
    """Refuse to tell of a pupil with protected identity, unless somebody has decided that it is right."""
    marks = [row.get("is_protected", False) for part in held for row in part.rows]
    if not with_protected and any(mark is not False for mark in marks):
        message = (
            "A row of this pupil is marked with protected identity. Nothing was told: let the school answer, or decide "
            "with the controller that this is for the pupil itself, and say --protected."
        )
        raise PrivacyError(message)


def _fields(entity: str, rows: Collection[Mapping[str, Any]]) -> dict[str, tuple[str, str]]:
    """Give the purpose and category of each field; what the program has made itself serves to count or to verify."""
    uses = USES[entity].fields if entity else {}
    names = list(dict.fromkeys(name for row in rows for name in row))
    found = {}
    for name in names:
        use = uses.get(name.removeprefix("_") if name == "_source_modified_at" else name)
        found[name] = (str(use.purpose), str(use.category)) if use else ("verify" if entity else "measure", "record")
    return found


def _today(line: Line) -> date:
    """Give the day whose school year is the current one."""
    return line.county.night_of(datetime.now(UTC))
