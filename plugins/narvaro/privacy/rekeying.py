"""Keying stored pseudonyms once more, by the secrets that a rotation has added."""

from __future__ import annotations

from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from narvaro.privacy.keys import Key
from narvaro.privacy.pseudonyms import PERSON, PUPIL, Remembered, keyed

# Every column that holds a pseudonym, by the purpose that it is keyed for.
KEYED_COLUMNS = {"pupil_id": PUPIL, "person_id": PERSON}
# The one column that holds a pseudonym in some rows only: where a deleted record is a pupil's.
_ENTITY, _RECORD_ID, _PUPILS = "entity", "record_id", "pupils"
DELETED_COLUMNS = frozenset({_ENTITY, _RECORD_ID})


class Rekeyer:
    """Takes pseudonyms from the first `count` secrets of a key to all of them; remembers those it has met."""

    def __init__(self, key: Key, count: int) -> None:
        self._known = {purpose: _remembered(key.chain(purpose)[count:]) for purpose in (PUPIL, PERSON)}

    def pupil_id(self, pseudonym: str) -> str:
        """Give a human being's pseudonym under the whole key."""
        return self._known[PUPIL][pseudonym]

    def person_id(self, pseudonym: str) -> str:
        """Give a record's pseudonym under the whole key."""
        return self._known[PERSON][pseudonym]

    def table(self, table: pa.Table) -> pa.Table:
        """Give landed rows with all of their pseudonyms under the whole key; nulls stay."""
        for place, name in enumerate(table.column_names):
            if name in KEYED_COLUMNS:
                table = table.set_column(place, table.field(name), self._column(table.column(name), name))
        if set(table.column_names) >= DELETED_COLUMNS:
            place = table.column_names.index(_RECORD_ID)
            is_pupil = pc.fill_null(pc.equal(table.column(_ENTITY), _PUPILS), fill_value=False)
            rekeyed = self._column(table.column(_RECORD_ID), "person_id", is_pupil)
            table = table.set_column(place, table.field(_RECORD_ID), rekeyed)
        return table

    def _column(self, column: pa.ChunkedArray, name: str, where: pa.ChunkedArray | None = None) -> pa.ChunkedArray:
        """Give a column's pseudonyms under the whole key, those of some rows only when `where` says so."""
        known = self._known[KEYED_COLUMNS[name]]
        if where is not None:
            texts, chosen = column.to_pylist(), where.to_pylist()
            pairs = zip(texts, chosen, strict=True)
            return pa.chunked_array([[known[text] if is_one and text else text for text, is_one in pairs]], column.type)
        encoded = column.combine_chunks().dictionary_encode()
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.unify_dictionaries().combine_chunks()
        values = pa.array([known[text] for text in encoded.dictionary.to_pylist()], column.type)
        return pa.chunked_array([values.take(encoded.indices)], column.type)


def _remembered(keys: tuple[bytes, ...]) -> Remembered:
    """Give what applies the keys to a pseudonym, one after another."""
    return Remembered(lambda pseudonym: reduce(lambda text, key: keyed(key, text), keys, pseudonym))
