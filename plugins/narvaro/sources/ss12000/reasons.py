"""Written reasons of absence as coarse codes: the text itself goes no further than this call."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

import msgspec

# What is no code of the county's own.
OTHER = "annat"


class ReasonCodes:
    """Takes what stands in a row for one of few codes, whatever it is; nothing written remains nothing."""

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        self._patterns = [(code, re.compile("|".join(map(re.escape, map(_plain, of))))) for code, of in words.items()]

    def code_of(self, written: msgspec.Raw) -> str | None:
        """Give the code of a reason as it stands in an answer; None where there is none."""
        if not bytes(written):
            return None
        reason = msgspec.json.decode(written)
        if reason is None or (isinstance(reason, str) and not reason.strip()):
            return None
        text = _plain(str(reason))
        return next((code for code, pattern in self._patterns if pattern.search(text)), OTHER)


def _plain(text: str) -> str:
    """Give a text so that case and ways of writing å, ä and ö make no difference."""
    return unicodedata.normalize("NFC", text).casefold()
