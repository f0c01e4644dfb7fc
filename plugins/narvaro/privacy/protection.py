"""The mark of protected identity, read so that doubt protects."""

from __future__ import annotations

import unicodedata

UNPROTECTED = "ingen"


def is_protected(marking: object) -> bool:
    """Tell whether a person is protected: any mark but none at all or "Ingen".

    Unknown words, decomposed letters, an empty text and values of another type all
    protect: a vendor's new spelling must never lay a child open.
    """
    if marking is None:
        return False
    if not isinstance(marking, str):
        return True
    return unicodedata.normalize("NFC", marking).strip().casefold() != UNPROTECTED
