from __future__ import annotations

import pytest

from narvaro.sources.ss12000.columns import NOT_A_CODE, closed_code


@pytest.mark.parametrize(
    "text",
    ["Man", "GR", "-", "", "E", "NA20", "MATMAT01b", "MATE1000X", "Anmäld frånvaro", "Studie- och yrkesvägledning"],
)
def test_codes_pass(text: str):
    assert closed_code(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "Feber, ring mamma",
        "Hon är sjuk igen och kommer inte",
        "kanarie.7@elev.kanariepost.example",
        "19990101-1234",
        "990101 1234",
        "070-17 40 605",
        "Frånvaro\nKanarissa",
        "x" * 51,
        "Varför?",
    ],
)
def test_prose_and_numbers_of_people_go_no_further(text: str):
    """Where a list was meant, somebody has written a sentence; it may name a child."""
    assert closed_code(text) == NOT_A_CODE


def test_a_decomposed_letter_is_put_together():
    assert closed_code("Anma\u0308ld fra\u030anvaro") == "Anmäld frånvaro"


def test_no_code_stays_none():
    assert closed_code(None) is None
