"""How one source's server writes: within the standard, but never quite as its neighbour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Style:
    """The habits of one server."""

    has_local_times: bool
    omits_zero_minutes: bool
    civic_spelling: Literal["plain", "dashed", "short"]
    says_unmarked: bool
    gives_reasons: bool


def style_of(place: int) -> Style:
    """Give the habits of the source at a place in the county."""
    spelling: Literal["plain", "dashed", "short"] = "plain"
    if place % 9 == 3:  # noqa: PLR2004 - a few of the sources
        spelling = "dashed"
    elif place % 9 == 6:  # noqa: PLR2004
        spelling = "short"
    return Style(
        has_local_times=place % 2 == 1,
        omits_zero_minutes=place % 3 == 1,
        civic_spelling=spelling,
        says_unmarked=place % 2 == 0,
        gives_reasons=place % 4 == 0,
    )
