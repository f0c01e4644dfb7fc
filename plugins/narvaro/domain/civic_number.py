"""Civic numbers in every spelling that source systems send, brought to one form and typed.

Only personnummer and samordningsnummer stand for the same human being in every source;
a TF number or a reserve number means something only inside the source that issued it.
A number of the right shape whose check digit is wrong is a reserve number: it is either
made up by the source or mistyped, and in both cases it must not join across sources.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from personnummer import personnummer

Kind = Literal["personnummer", "samordningsnummer", "tf_number", "reserve", "none"]

# Kinds that name the same human being in every source.
JOINS_ACROSS_SOURCES: frozenset[Kind] = frozenset({"personnummer", "samordningsnummer"})

_SAMORDNING_DAYS = 60
_YEARS_IN_CENTURY = 100
_SHAPE = re.compile(
    r"(?P<century>[0-9]{2})?(?P<year>[0-9]{2})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
    r"(?P<separator>[-+]?)(?P<suffix>[0-9A-Z]{4})"
)
_TF_SUFFIX = re.compile(r"TF[0-9]{2}")
# Spaces of every kind go; the dashes that word processors make of a hyphen become one.
_SPACES = re.compile(r"[\s\u200b\u2060\ufeff]+")
_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")


@dataclass(frozen=True, slots=True)
class CivicNumber:
    """A typed civic number of twelve characters; its `repr` never shows the number."""

    kind: Kind
    normalised: str = field(repr=False)

    @property
    def joins_across_sources(self) -> bool:
        """Whether the number stands for the same human being in every source."""
        return self.kind in JOINS_ACROSS_SOURCES


NONE = CivicNumber("none", "")


def identify(text: str | None, reference_date: date) -> CivicNumber:
    """Give the kind and the twelve-character form of a civic number; never raises.

    Args:
        text: what the source sent: twelve characters, 8+4 with a dash, or two-digit years with `-` or `+`.
        reference_date: the day when the source wrote it; places two-digit years in their century.
    """
    if not isinstance(text, str):
        return NONE
    match = _SHAPE.fullmatch(_DASHES.sub("-", _SPACES.sub("", text)).upper())
    if match is None:
        return NONE
    century = match["century"] or _century(int(match["year"]), match["separator"], reference_date)
    birth = f"{century}{match['year']}{match['month']}{match['day']}"
    if not _is_birth_date(birth):
        return NONE
    number = birth + match["suffix"]
    return CivicNumber(_kind(number), number)


def _century(year: int, separator: str, reference_date: date) -> str:
    """Place a two-digit year: at most this year, and a hundred years earlier after a plus sign."""
    latest = reference_date.year - (_YEARS_IN_CENTURY if separator == "+" else 0)
    full_year = latest - (latest - year) % _YEARS_IN_CENTURY
    return f"{full_year // _YEARS_IN_CENTURY:02d}"


def _is_birth_date(digits: str) -> bool:
    """Tell whether eight digits are a date, with sixty added to the day or not."""
    day = int(digits[6:])
    try:
        date(int(digits[:4]), int(digits[4:6]), day - _SAMORDNING_DAYS if day > _SAMORDNING_DAYS else day)
    except ValueError:
        return False
    return True


def _kind(number: str) -> Kind:
    """Type a twelve-character number whose date is right."""
    if _TF_SUFFIX.fullmatch(number[8:]):
        return "tf_number"
    if not number.isdigit() or not personnummer.valid(number):
        return "reserve"
    return "samordningsnummer" if int(number[6:8]) > _SAMORDNING_DAYS else "personnummer"
