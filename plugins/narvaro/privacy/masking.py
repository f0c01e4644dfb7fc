"""Statements as they may be kept: no number or pseudonym of a human being in them."""

from __future__ import annotations

import re

# Ten or twelve digits in any of the ways that people write them, reserve numbers with their letters included.
_NUMBER = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9]{2})?[0-9]{6}[ ]?[-+]?[ ]?[0-9A-Za-z][0-9A-Za-z]?[0-9]{2}(?![0-9A-Za-z])"
)
_PSEUDONYM = re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{32}(?![0-9A-Fa-f])")


def masked(statement: str) -> str:
    """Give a statement with everything hidden that looks like a civic number or a pseudonym."""
    return _NUMBER.sub("[number]", _PSEUDONYM.sub("[pseudonym]", statement))
