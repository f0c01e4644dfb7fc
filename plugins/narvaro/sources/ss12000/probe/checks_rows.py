"""Checks of what rows hold: shapes, times, attributes, and what must not be there."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import msgspec

from narvaro.errors import SourceShapeError
from narvaro.sources.ss12000 import wire
from narvaro.sources.ss12000.decode import RowDecoder
from narvaro.sources.ss12000.probe.capabilities import ResourceFacts
from narvaro.sources.ss12000.probe.check import Check, critical, warning
from narvaro.sources.ss12000.probe.evidence import Evidence

_ROW_TYPES: dict[str, type[Any]] = {
    "/organisations": wire.Organisation,
    "/syllabuses": wire.Syllabus,
    "/activities": wire.Activity,
    "/persons": wire.Person,
    "/groups": wire.Group,
    "/calendarEvents": wire.CalendarEvent,
    "/attendances": wire.Attendance,
    "/absences": wire.Absence,
    "/grades": wire.Grade,
}
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# Without `meta` these millions of rows are read whole, or not at all; the others are small.
_META_IS_NEEDED = {"/calendarEvents", "/attendances"}
_NEEDED_ATTRIBUTES = {"enrolments", "groupMemberships", "attendanceMinutes", "schoolUnitCode"}
_OPEN_MARKINGS = (None, "", "Ingen")
_OFFSETS = {
    "offset": "every time has an offset",
    "naive": "no time has an offset",
    "mixed": "some times have an offset",
}
_NAMES = ("givenName", "familyName", "emails", "addresses", "civicNo")


def checks_of_rows(evidence: Evidence) -> Iterator[Check]:
    """Give the checks."""
    for path, facts in evidence.capabilities.resources.items():
        if facts.access != "served":
            continue
        yield _shape(path, evidence.rows(path))
        if path in _ROW_TYPES:
            yield _ids(path, evidence.rows(path))
        yield from _meta(path, facts)
        if facts.row_times is not None:
            yield _times(f"time.offset:{path}", facts.row_times)
        yield _attributes(path, facts)
    yield from _lessons(evidence)
    yield from _discretion(evidence)


def _shape(path: str, rows: list[dict[str, Any]]) -> Check:
    """Check that a night could read the rows."""
    check_id = f"row.shape:{path}"
    if path not in _ROW_TYPES:
        return warning(check_id, True, "every row can be read", "")  # noqa: FBT003
    try:
        RowDecoder(_ROW_TYPES[path], path).rows(msgspec.json.encode({"data": rows}))
    except SourceShapeError as error:
        return critical(check_id, False, str(error), "Send the field as the document has it.")  # noqa: FBT003
    return critical(check_id, True, "every row can be read", "")  # noqa: FBT003


def _ids(path: str, rows: list[dict[str, Any]]) -> Check:
    """Check that ids are uuids."""
    strange = sum(not (isinstance(row.get("id"), str) and _UUID.fullmatch(row["id"])) for row in rows)
    seen = f"{strange} of {len(rows)} ids are no uuid" if strange else "uuids"
    return warning(f"row.id:{path}", strange == 0, seen, "Give every object a uuid of its own that never changes.")


def _meta(path: str, facts: ResourceFacts) -> Iterator[Check]:
    """Check that rows tell when they were changed."""
    if facts.has_meta is None:
        return
    make = critical if path in _META_IS_NEEDED else warning
    seen = "meta.modified is there" if facts.has_meta else "no meta.modified"
    yield make(f"row.meta:{path}", facts.has_meta, seen, "Send meta: without it every night reads everything.")
    if facts.modified_times is not None:
        yield _times(f"time.meta-offset:{path}", facts.modified_times)


def _times(check_id: str, found: str) -> Check:
    """Check that times carry an offset."""
    return warning(check_id, found == "offset", _OFFSETS[found], "Write date-times with their offset or a Z.")


def _attributes(path: str, facts: ResourceFacts) -> Check:
    """Check that nothing is stripped."""
    make = critical if set(facts.missing) & _NEEDED_ATTRIBUTES else warning
    seen = f"never sent: {', '.join(facts.missing)}" if facts.missing else "all attributes that we use"
    return make(f"row.attributes:{path}", not facts.missing, seen, "Let our client have these attributes.")


def _lessons(evidence: Evidence) -> Iterator[Check]:
    """Check the times of lessons."""
    found = evidence.capabilities
    yield critical(
        "time.modified-is-start",
        None if found.modified_is_start is None else not found.modified_is_start,
        "not tried"
        if found.modified_is_start is None
        else "lessons change when they begin"
        if found.modified_is_start
        else "lessons tell when they were changed",
        "Let meta.modified move when the object changes: a cancelled lesson is never read otherwise.",
    )
    yield warning(
        "time.lesson-hours",
        None if found.lesson_hours is None else found.lesson_hours == "plausible",
        f"lessons by Swedish time: {found.lesson_hours or 'not tried'}",
        "Check the offsets: many lessons lie outside 06 to 20.",
    )
    yield warning(
        "filter.offset",
        None if found.filter_offsets is None else found.filter_offsets == "honoured",
        f"an offset in a filter is {found.filter_offsets or 'not tried'}",
        "Read the offset of date-times in filters: rows of an hour or two are lost otherwise.",
    )


def _discretion(evidence: Evidence) -> Iterator[Check]:
    """Check that no more is told than was asked for."""
    names = evidence.capabilities.names_unasked
    yield warning(
        "privacy.names-unasked",
        None if names is None else not names,
        "references carry names" if names else "references carry no names",
        "Send displayName only when expandReferenceNames asks for it.",
    )
    marked = [row for row in evidence.rows("/persons") if row.get("securityMarking") not in _OPEN_MARKINGS]
    told = sum(any(row.get(name) for name in _NAMES[2:]) for row in marked)
    yield warning(
        "privacy.protected",
        None if not marked else told == 0,
        f"{told} of {len(marked)} looked-at persons with a protected identity come with contacts or civic number",
        "Leave out what shows where a protected person is.",
    )
    spellings = evidence.capabilities.civic_spellings
    yield warning(
        "row.civic-number",
        spellings == ("12 digits",) if spellings else None,
        ", ".join(spellings) or "none came",
        "Write civic numbers with 12 digits and no dash.",
    )
    yield _composed(evidence)


def _composed(evidence: Evidence) -> Check:
    """Check that letters come composed."""
    texts = (text for sample in evidence.samples.values() for row in sample.rows for text in row.values())
    strange = sum(isinstance(text, str) and not unicodedata.is_normalized("NFC", text) for text in texts)
    seen = f"{strange} texts in decomposed letters" if strange else "composed letters"
    return warning("row.letters", strange == 0, seen, "Write text in Unicode NFC.")
