"""From the bytes of a page to typed rows, with errors that name the place and never a value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec

from narvaro.errors import SourceShapeError
from narvaro.sources.ss12000.wire import Envelope

RowType = TypeVar("RowType")

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_MISSING = re.compile(r"missing required field `(?P<name>\w+)`")
_PLACE = re.compile(r"at `(?P<path>[^`]+)`")
_KINDS = re.compile(r"Expected `(?P<wanted>[^`]+)`(?:, got `(?P<came>[^`]+)`)?")
# A plain word that every row has is a field's name; any other key might be data in a key's place, a pupil's name even.
_FIELD_NAME = re.compile(r"[A-Za-z_]{1,40}")
_COMPARED_ROWS = 50
_SHOWN_NAMES = 12


class _Tail(msgspec.Struct, rename="camel"):
    """What stands after the rows of a page."""

    page_token: str | int | msgspec.UnsetType | None = msgspec.UNSET


_tail = msgspec.json.Decoder(_Tail)
_envelope = msgspec.json.Decoder(Envelope)
_keys = msgspec.json.Decoder(dict[str, msgspec.Raw])
_first_rows = msgspec.json.Decoder(list[msgspec.Raw])


def page_token(body: bytes, where: str) -> str | None:
    """Give the token of the page after this one, None on the last.

    Most servers write the token after the rows: then the few bytes after the last bracket
    tell it, and the page is read once, by whoever uses it, instead of twice.

    Raises:
        SourceShapeError: the body is not a page of SS 12000.
    """
    try:
        tail = _tail.decode(b"{" + body[body.rfind(b"]") + 1 :].lstrip(b", \r\n\t"))
    except (msgspec.DecodeError, UnicodeDecodeError):
        tail = _Tail()
    token = open_envelope(body, where).page_token if isinstance(tail.page_token, msgspec.UnsetType) else tail.page_token
    return None if token in (None, "") else str(token)


def open_envelope(body: bytes, where: str) -> Envelope:
    """Give a page's rows, still as bytes, and its token.

    Raises:
        SourceShapeError: the body is not a page of SS 12000.
    """
    with _told(where):
        return _envelope.decode(body.removeprefix(_BYTE_ORDER_MARK))


@contextmanager
def _told(where: str) -> Iterator[None]:
    """Turn a decoder's refusal of a whole page into an error that shows nothing of it."""
    try:
        yield
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
        page_type = msgspec.defstruct("Page", [("data", list[row_type])])  # type: ignore[valid-type]
        self._decoder = msgspec.json.Decoder(page_type, strict=False)

    def rows(self, body: bytes) -> list[Any]:
        """Decode the rows of a page.

        Raises:
            SourceShapeError: a row is not of the agreed shape; names the field, never a value.
        """
        try:
            return self._decoder.decode(body.removeprefix(_BYTE_ORDER_MARK)).data  # type: ignore[attr-defined, no-any-return]
        except msgspec.ValidationError as error:
            data = open_envelope(body, self._where).data
            raise SourceShapeError(self._problem(str(error), data)) from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            message = f"{self._where}: the answer is not JSON, or not UTF-8. Ask the owner to mend it at the source."
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
    """Give the names, not the values, of the fields that we do not read and that all first rows share."""
    try:
        rows = [set(_keys.decode(row)) for row in _first_rows.decode(data)[:_COMPARED_ROWS]]
    except msgspec.DecodeError:
        return []
    shared = set.intersection(*rows) if len(rows) > 1 else set()
    return sorted(name for name in shared - known if _FIELD_NAME.fullmatch(name))[:_SHOWN_NAMES]


def _page_problem(error: msgspec.ValidationError, where: str) -> str:
    """Say what is wrong with a page's outermost object."""
    text = str(error)
    missing = _MISSING.search(text)
    what = f"lacks the field `{missing['name']}`" if missing else f"is of the wrong kind ({_kinds(text)})"
    return f"{where}: the page {what}; wanted an object with `data` and `pageToken`. Check the base address."


def _place(text: str) -> str:
    """Give the JSON path that a decoder's message names."""
    place = _PLACE.search(text)
    return place["path"].removeprefix("$.") if place else "data"


def _kinds(text: str) -> str:
    """Give the kinds that a decoder's message names, and nothing else of it."""
    kinds = _KINDS.search(text)
    if kinds is None:
        return "a value of the wrong kind"
    return f"wanted {kinds['wanted']}" + (f", got {kinds['came']}" if kinds["came"] else "")
