"""A written reason becomes one of few codes or nothing, whatever has been written."""

from __future__ import annotations

import unicodedata

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narvaro.county.reasons import DEFAULT_REASON_CODES, OTHER_REASON
from narvaro.sources.ss12000.reasons import OTHER, ReasonCodes

CODES = ReasonCodes({entry.code: entry.words for entry in DEFAULT_REASON_CODES})
KNOWN = {entry.code for entry in DEFAULT_REASON_CODES} | {OTHER, None}


def code_of(written: object) -> str | None:
    return CODES.code_of(msgspec.Raw(msgspec.json.encode(written)))


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("Sjuk", "sjuk"),
        ("Magsjuka, mår dåligt", "sjuk"),
        ("FÖRKYLD", "sjuk"),
        (unicodedata.normalize("NFD", "förkyld"), "sjuk"),
        ("Tandläkarbesök kl 10", "vard"),
        ("Läkarbesök, sjuk", "vard"),
        ("Beviljad ledighet", "ledighet"),
        ("Försov sig", "sen-ankomst"),
        ("Kanarievägen 3", "annat"),
        ("", None),
        ("  ", None),
        (None, None),
        (7, "annat"),
        ({"text": "Sjuk"}, "sjuk"),
    ],
)
def test_reasons_are_coarse(written, code):
    assert code_of(written) == code


def test_a_row_without_a_reason_has_none():
    assert CODES.code_of(msgspec.Raw()) is None


@given(st.text())
def test_nothing_else_comes_out(written):
    assert code_of(written) in KNOWN


def test_words_are_no_patterns_of_their_own():
    codes = ReasonCodes({"a": [".*"]})
    assert codes.code_of(msgspec.Raw(b'"anything"')) == OTHER


def test_the_county_and_the_connector_call_the_rest_alike():
    assert OTHER == OTHER_REASON
