"""What must hold between the entries of a county's files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from narvaro.county.model import CountyFile, MunicipalitiesFile, Owner, OwnersFile, SourcesFile
from narvaro.county.problem import did_you_mean
from narvaro.county.publication import Publication
from narvaro.county.recipients import RecipientsFile, recipient_problems
from narvaro.domain.school_calendar import Break, SchoolCalendar, SchoolYear, StudyDay, Term
from narvaro.domain.school_year import term_from_date

Place = tuple[str | int, ...]
Finding = tuple[str, Place, str]

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Files:
    """The validated files of one county."""

    county: CountyFile
    municipalities: MunicipalitiesFile
    owners: OwnersFile
    sources: SourcesFile
    calendar: SchoolCalendar
    publication: Publication
    recipients: RecipientsFile


def findings(files: Files) -> Iterator[Finding]:
    """Give everything that does not fit together: file, place and sentence."""
    codes = [municipality.code for municipality in files.municipalities.municipalities]
    yield from _doubles("municipalities.yml", "municipalities", "code", codes)
    yield from _doubles("owners.yml", "owners", "owner_id", [o.owner_id for o in files.owners.owners])
    yield from _doubles("sources.yml", "sources", "name", [s.name for s in files.sources.sources])
    yield from _doubles("publication.yml", "tables", "name", [t.name for t in files.publication.tables])
    years = [year.school_year for year in files.calendar.school_years]
    yield from _doubles("calendar.yml", "school_years", "school_year", years)
    if files.county.figures_by is not None and files.county.figures_by <= files.county.build_at:
        sentence = "comes before the county is built. Write a time after build_at, or null."
        yield "county.yml", ("figures_by",), sentence
    yield from _references(files)
    for index, year in enumerate(files.calendar.school_years):
        for place, sentence in _school_year(year, set(codes)):
            yield "calendar.yml", ("school_years", index, *place), sentence
    yield from _publication(files.publication)
    for place, sentence in recipient_problems(files.recipients.recipients, files.owners):
        yield "recipients.yml", place, sentence


def _doubles(file: str, key: str, column: str, values: Sequence[str]) -> Iterator[Finding]:
    """Find values that name two entries."""
    first: dict[str, int] = {}
    for index, value in enumerate(values):
        if value in first:
            sentence = f"{column} {value} names entry {first[value] + 1} too. Rename or remove one of them."
            yield file, (key, index, column), sentence
        first.setdefault(value, index)


def _references(files: Files) -> Iterator[Finding]:
    """Find codes outside the county, and owners and municipalities that do not exist."""
    codes = {m.code for m in files.municipalities.municipalities}
    owner_ids = {o.owner_id for o in files.owners.owners}
    for index, municipality in enumerate(files.municipalities.municipalities):
        if not municipality.code.startswith(files.county.code):
            sentence = f"{municipality.code} lies outside county {files.county.code}. Correct or remove the entry."
            yield "municipalities.yml", ("municipalities", index, "code"), sentence
    for index, owner in enumerate(files.owners.owners):
        for place, sentence in _owner(owner, codes):
            yield "owners.yml", ("owners", index, *place), sentence
    for index, source in enumerate(files.sources.sources):
        if source.owner not in owner_ids:
            sentence = f"there is no owner {source.owner} in owners.yml. {did_you_mean(source.owner, owner_ids)}"
            yield "sources.yml", ("sources", index, "owner"), sentence


def _owner(owner: Owner, municipality_codes: set[str]) -> Iterator[tuple[Place, str]]:
    """Find what an owner of its type lacks or has too much."""
    code = owner.municipality_code
    if owner.owner_type == "kommunal" and code is None:
        yield (), "a kommunal owner needs municipality_code. Add it."
    if owner.owner_type == "enskild" and code is not None:
        yield ("municipality_code",), "an enskild owner has no municipality_code. Remove it."
    if owner.owner_type == "enskild" and owner.contact is None:
        yield (), "an enskild owner needs a contact. Add email and language."
    if code is not None and code not in municipality_codes:
        sentence = f"there is no municipality {code} in municipalities.yml. {did_you_mean(code, municipality_codes)}"
        yield ("municipality_code",), sentence


def _school_year(year: SchoolYear, municipality_codes: set[str]) -> Iterator[tuple[Place, str]]:
    """Find spans and days of a school year that cannot be."""
    try:
        first, last = year.bounds
    except ValueError as error:
        yield ("school_year",), str(error)
        return
    spans: dict[str, Sequence[Term | Break]] = {"terms": year.terms, "breaks": year.breaks}
    for key, entries in spans.items():
        for index, span in enumerate(entries):
            if span.end_date < span.start_date:
                yield (key, index, "end_date"), "ends before it starts. Swap or correct the dates."
            if not (first <= span.start_date <= last and first <= span.end_date <= last):
                sentence = f"lies outside {year.school_year} ({first} to {last}). Correct the dates or move the entry."
                yield (key, index), sentence
        yield from _overlaps(key, entries)
    yield from _terms(year)
    for index, day in enumerate(year.study_days):
        if day in year.study_days[:index]:
            yield ("study_days", index), f"{day.study_date} stands twice. Remove one of them."
        for sentence in _study_day(day, year, municipality_codes):
            yield ("study_days", index), sentence


def _terms(year: SchoolYear) -> Iterator[tuple[Place, str]]:
    """Find terms in the wrong half of the year, and doubled ones."""
    for index, term in enumerate(year.terms):
        if term_from_date(term.start_date)[4:] != term.term:
            sentence = f"{term.term} cannot start on {term.start_date}. Correct the term or the date."
            yield ("terms", index, "term"), sentence
        if any(other.term == term.term for other in year.terms[:index]):
            yield ("terms", index, "term"), f"{term.term} stands twice in {year.school_year}. Remove one of them."


def _overlaps(key: str, spans: Sequence[Term | Break]) -> Iterator[tuple[Place, str]]:
    """Find spans that share a day."""
    ordered = sorted(enumerate(spans), key=lambda pair: pair[1].start_date)
    for (earlier, one), (later, other) in pairwise(ordered):
        if other.start_date <= one.end_date:
            sentence = f"overlaps entry {earlier + 1} ({one.start_date} to {one.end_date}). Shorten one of them."
            yield (key, later), sentence


def _study_day(day: StudyDay, year: SchoolYear, municipality_codes: set[str]) -> Iterator[str]:
    """Find what is wrong with one study day."""
    when, code = day.study_date, day.municipality_code
    if code is not None and code not in municipality_codes:
        yield f"there is no municipality {code} in municipalities.yml. {did_you_mean(code, municipality_codes)}"
    if reason := _no_school_reason(when, year):
        yield f"{when} is no school day anyway: {reason}. Correct the date or remove the entry."


def _no_school_reason(when: date, year: SchoolYear) -> str:
    """Say why a day has no school even without a study day; empty when it has (or is a public holiday)."""
    if when.weekday() >= _SATURDAY:
        return "a weekend"
    if year.term_of(when) is None:
        return f"outside the terms of {year.school_year}"
    if pause := year.break_of(when):
        return f"inside {pause.name}"
    return ""


def _publication(publication: Publication) -> Iterator[Finding]:
    """Find tables whose measures could leave without a number of pupils to hold a threshold against."""
    for index, table in enumerate(publication.tables):
        place: Place = ("tables", index)
        if table.measures and (table.pupils_column is None or table.level == "none"):
            sentence = "measures need a pupils_column and level unit or area. Name whose threshold hides them."
            yield "publication.yml", place, sentence
        if table.band_measures and table.classed_column is None:
            yield "publication.yml", place, "band_measures need a classed_column. Name the column that they rest on."
        named = [*table.key, *table.attributes, *table.measures, *table.band_measures]
        for column in sorted({column for column in named if named.count(column) > 1}):
            yield "publication.yml", place, f"column {column} is named twice. Keep it in one list."
