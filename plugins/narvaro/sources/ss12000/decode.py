"""From the bytes of a page to typed rows, with errors that name the place and never a value."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

from narvaro.errors import SourceShapeError
from narvaro.sources.ss12000.wire import Envelope

RowType = TypeVar("RowType")

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_MISSING = re.compile(r"missing required field `(?P<name>\w+)`")
_PLACE = re.compile(r"at `(?P<path>[^`]+)`")
_KINDS = re.compile(r"Expected `(?P<wanted>[^`]+)`(?:, got `(?P<came>[^`]+)`)?")
# A key that is a plain word can be told; anything else might be data in a key's place.
_FIELD_NAME = re.compile(r"[A-Za-z_]{1,40}")
_SHOWN_NAMES = 12
_envelope = msgspec.json.Decoder(Envelope)
_keys = msgspec.json.Decoder(dict[str, msgspec.Raw])
_first_rows = msgspec.json.Decoder(list[msgspec.Raw])


def open_envelope(body: bytes, where: str) -> Envelope:
    """Give a page's rows, still as bytes, and its token.

    Raises:
        SourceShapeError: the body is not a page of SS 12000.
    """
    try:
        return _envelope.decode(body.removeprefix(_BYTE_ORDER_MARK))
    except msgspec.ValidationError as error:
        raise SourceShapeError(_page_problem(error, where)) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        message = f"{where}: the answer is not JSON. Wanted a page of SS 12000; check the base address with the owner."
        raise SourceShapeError(message) from None


class RowDecoder:
    """Decodes the rows of one resource."""

    def __init__(self, row_type: type[Any], where: str) -> None:
        self._row_type = row_type
        self._where = where
        self._decoder = msgspec.json.Decoder(list[row_type], strict=False)  # type: ignore[valid-type]

    def rows(self, data: msgspec.Raw) -> list[Any]:
        """Decode the rows of a page.

        Raises:
            SourceShapeError: a row is not of the agreed shape; names the field, never a value.
        """
        try:
            return self._decoder.decode(data)
        except msgspec.ValidationError as error:
            raise SourceShapeError(self._problem(str(error), data)) from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            message = f"{self._where}: a row holds text that is not UTF-8. Ask the owner to mend it at the source."
            raise SourceShapeError(message) from None

    def _problem(self, text: str, data: msgspec.Raw) -> str:
        """Say what is wrong with the rows."""
        place = _place(text)
        missing = _MISSING.search(text)
        if missing is None:
            return f"{self._where}: {place}: {_kinds(text)}. Ask the owner to mend the field at the source."
        wanted = [field.encode_name for field in msgspec.structs.fields(self._row_type) if field.required]
        came = _foreign_names(data, {field.encode_name for field in msgspec.structs.fields(self._row_type)})
        unknown = f"; fields that came instead or besides: {', '.join(came)}" if came else ""
        return (
            f"{self._where}: {place} lacks the field `{missing['name']}`; wanted {', '.join(wanted)}{unknown}. "
            "Ask the owner to send the field names of SS 12000."
        )


def _foreign_names(data: msgspec.Raw, known: set[str]) -> list[str]:
    """Give the names, not the values, of the first row's fields that we do not read."""
    try:
        rows = _first_rows.decode(data)
        names = _keys.decode(rows[0]) if rows else {}
    except msgspec.DecodeError:
        return []
    return sorted(name for name in names if name not in known and _FIELD_NAME.fullmatch(name))[:_SHOWN_NAMES]


def _page_problem(error: msgspec.ValidationError, where: str) -> str:
    """Say what is wrong with a page's outermost object."""
    text = str(error)
    missing = _MISSING.search(text)
    what = f"lacks the field `{missing['name']}`" if missing else f"is of the wrong kind ({_kinds(text)})"
    return f"{where}: the page {what}; wanted an object with `data` and `pageToken`. Check the base address."


def _place(text: str) -> str:
    """Give the JSON path that a decoder's message names."""
    place = _PLACE.search(text)
    return place["path"].replace("$", "data", 1) if place else "data"


def _kinds(text: str) -> str:
    """Give the kinds that a decoder's message names, and nothing else of it."""
    kinds = _KINDS.search(text)
    if kinds is None:
        return "a value of the wrong kind"
    return f"wanted {kinds['wanted']}" + (f", got {kinds['came']}" if kinds["came"] else "")
