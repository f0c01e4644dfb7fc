"""Keyed pseudonyms of people: HMAC-SHA-256, one key per purpose, each id computed once."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime
from itertools import islice

import numpy as np
import pyarrow as pa

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
        self._numbers = _Numbered()
        self._column: pa.StringArray = pa.array([], pa.string())
        self.key_id = key.key_id

    def person_id(self, uuid: str) -> str:
        """Give the pseudonym of the source's own record of a person."""
        return self._person_ids[uuid]

    def person_ids(self, uuids: list[str]) -> pa.StringArray:
        """Give the pseudonyms of many records at once, in order."""
        # By numbers into one column: a text for each row would be fetched from all over the memory, twice.
        numbers = np.fromiter(map(self._numbers.__getitem__, uuids), np.int32, len(uuids))
        if len(self._column) < len(self._numbers):
            new = [self._person_ids[uuid] for uuid in islice(self._numbers, len(self._column), None)]
            self._column = pa.concat_arrays([self._column, pa.array(new, pa.string())])
        return self._column.take(pa.array(numbers))

    def own_ids(self, person_ids: Collection[str]) -> dict[str, str]:
        """Give the source's own ids of those among some pseudonyms that this very reading has met."""
        return {person_id: uuid for uuid, person_id in self._person_ids.items() if person_id in person_ids}

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


class _Numbered(dict[str, int]):
    """Numbers its keys in the order that they are first asked for."""

    def __missing__(self, key: str) -> int:
        number = self[key] = len(self)
        return number


def keyed(key: bytes, text: str) -> str:
    """Give the keyed hash of a text, 32 hexadecimal digits."""
    return hmac.digest(key, text.encode(), "sha256").hex()[:PSEUDONYM_DIGITS]


def _pseudonym(keys: tuple[bytes, ...], *parts: str) -> str:
    """Give the parts' hash by the first key, and what comes of it by each later one."""
    text = _SEPARATOR.join(parts)
    for key in keys:
        text = keyed(key, text)
    return text
