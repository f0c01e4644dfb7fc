"""Columns of canonical entities from values of the wire."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import pyarrow as pa

from narvaro.errors import SourceShapeError
from narvaro.sources.contract import ENTITIES
from narvaro.sources.ss12000.times import NotATimeError
from narvaro.sources.ss12000.wire import Reference

NOT_A_CODE = "not_a_code"
# A few words without punctuation of a sentence, an address or a number of a person.
_CODE = re.compile(r"(?!(?:.*\d){6})(?:[\w+-][\w.:/+()&-]*(?: [\w.:/+()&-]+){0,3})?")
_LONGEST_CODE = 50


class NotAColumnError(ValueError):
    """A value does not fit its column; carries the column's name, never the value."""


def code(text: str | None) -> str | None:
    """Give a text in Unicode NFC, so that å is one letter however it was sent."""
    if text is None or text.isascii():
        return text
    return unicodedata.normalize("NFC", text)


@lru_cache(maxsize=1024)
def closed_code(text: str | None) -> str | None:
    """Give a code of a row about a pupil; a text that can be no code is said to be none, and goes no further.

    Somebody will have written a sentence where a list was meant, and a sentence can name a child.
    """
    tidy = code(text)
    if tidy is None or (len(tidy) <= _LONGEST_CODE and _CODE.fullmatch(tidy)):
        return tidy
    return NOT_A_CODE


def reference_id(reference: Reference | None) -> str | None:
    """Give the id of a reference that may be absent."""
    return reference.id if reference else None


def batch(entity: str, columns: Mapping[str, Sequence[Any] | pa.Array]) -> pa.RecordBatch:
    """Put columns together as a batch of the entity; every column of the contract must be there."""
    schema = ENTITIES[entity]
    arrays = [_array(columns[field.name], field) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def empty(entity: str) -> pa.RecordBatch:
    """Give a batch of the entity without rows."""
    return batch(entity, {field.name: [] for field in ENTITIES[entity]})


def bad_field(where: str, error: NotATimeError | NotAColumnError) -> SourceShapeError:
    """Give the error for a value that could not be read: its place, never the value."""
    wanted = "a time or date" if isinstance(error, NotATimeError) else "a value that fits its column"
    message = f"{where}: data[...].{error} is not {wanted}. Ask the owner to mend the field at the source."
    return SourceShapeError(message)


def repeated(values: pa.Array, counts: Iterable[int]) -> pa.Array:
    """Repeat each value by its count, for rows made of an object's parts."""
    places = [place for place, count in enumerate(counts) for _ in range(count)]
    return values.take(pa.array(places, pa.int64()))


def _array(values: Sequence[Any] | pa.Array, field: pa.Field) -> pa.Array:
    """Give a column in its contracted type."""
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values if values.type == field.type else values.cast(field.type)
    try:
        return pa.array(values, field.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        # Arrow's own words hold the value.
        raise NotAColumnError(field.name) from None
