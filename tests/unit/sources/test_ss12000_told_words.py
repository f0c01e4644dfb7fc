"""What a server says of itself may be told on; what might be a pupil's may not."""

from __future__ import annotations

import json

import httpx
import pytest

from narvaro.errors import SourceShapeError
from narvaro.sources.ss12000.decode import RowDecoder
from narvaro.sources.ss12000.refusals import refusal
from narvaro.sources.ss12000.wire import Attendance


def refused(*rows: dict) -> str:
    body = json.dumps({"data": list(rows), "pageToken": None}).encode()
    with pytest.raises(SourceShapeError) as caught:
        RowDecoder(Attendance, "a /attendances").rows(body)
    return str(caught.value)


def a_row(**fields: object) -> dict:
    return {"id": "1", "calendarEvent": {"id": "2"}, "student": {"id": "3"}, **fields}


def test_field_that_every_row_has_is_told():
    assert "rapporterad" in refused(a_row(rapporterad=True), a_row(rapporterad=False))


def test_key_of_one_row_is_not_told():
    told = refused(a_row(rapporterad=True, Kanariefors=1), a_row(rapporterad=True, Kanariesten=1))
    assert "rapporterad" in told
    assert "Kanarie" not in told


def test_only_row_tells_no_keys():
    assert "Kanariefors" not in refused(a_row(Kanariefors=1))


@pytest.mark.parametrize("code", ["source_unavailable", "notFound", "INVALID_TOKEN", "bad_request"])
def test_code_of_known_words_is_told(code: str):
    assert code in told_of(code)


@pytest.mark.parametrize("code", ["Kanariefors", "anna_kanariefors", "kanariefors_not_found", ""])
def test_code_with_any_other_word_is_not_told(code: str):
    assert "anarie" not in told_of(code)
    assert "anna" not in told_of(code)


def told_of(code: str) -> str:
    body = json.dumps({"code": code, "message": "Kanariefågel"}).encode()
    return str(refusal("a /persons", httpx.Response(404), body))
