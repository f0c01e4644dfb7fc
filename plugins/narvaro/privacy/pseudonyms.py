"""Keyed pseudonyms of people: HMAC-SHA-256, one key per purpose, each id computed once."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import UTC, date, datetime

from narvaro.domain.civic_number import identify
from narvaro.privacy.keys import Key

PSEUDONYM_DIGITS = 32
PUPIL = "pupil"
PERSON = "person"
_SEPARATOR = "\x1f"


class Pseudonymiser:
    """Gives people of one source their pseudonyms; remembers those it has given.

    `reference_date` places two-digit years in their century: the night that is read, today when None.
    """

    def __init__(self, key: Key, source: str, *, reference_date: date | None = None) -> None:
        self._source = source
        self._reference_date = reference_date or datetime.now(UTC).date()
        self._pupil_keys = key.chain(PUPIL)
        self._person_keys = key.chain(PERSON)
        self._person_ids = Remembered(lambda uuid: _pseudonym(self._person_keys, self._source, uuid.strip().lower()))
        self.key_id = key.key_id

    def person_id(self, uuid: str) -> str:
        """Give the pseudonym of the source's own record of a person."""
        return self._person_ids[uuid]

    def person_ids(self, uuids: list[str]) -> list[str]:
        """Give the pseudonyms of many records at once, in order."""
        return list(map(self._person_ids.__getitem__, uuids))

    def pupil_id(self, civic_number: str | None, person_uuid: str) -> tuple[str, str]:
        """Give a human being's pseudonym and the type of identity that it rests on.

        A personnummer or samordningsnummer gives the same pseudonym in every source;
        any other number counts within its source, and without a number the record stands
        for the human being.
        """
        identity = identify(civic_number, self._reference_date)
        kind = identity.kind
        if identity.joins_across_sources:
            return _pseudonym(self._pupil_keys, kind, identity.normalised), kind
        if identity.normalised:
            return _pseudonym(self._pupil_keys, self._source, kind, identity.normalised), kind
        return _pseudonym(self._pupil_keys, self._source, "record", person_uuid.strip().lower()), kind


class Remembered(dict[str, str]):
    """Values made once for each key; a known one costs a single look."""

    def __init__(self, make: Callable[[str], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: str) -> str:
        value = self[key] = self._make(key)
        return value


def keyed(key: bytes, text: str) -> str:
    """Give the keyed hash of a text, 32 hexadecimal digits."""
    return hmac.digest(key, text.encode(), "sha256").hex()[:PSEUDONYM_DIGITS]


def _pseudonym(keys: tuple[bytes, ...], *parts: str) -> str:
    """Give the parts' hash by the first key, and what comes of it by each later one."""
    text = _SEPARATOR.join(parts)
    for key in keys:
        text = keyed(key, text)
    return text
