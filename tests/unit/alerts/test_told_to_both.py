"""Held deletions and changed abilities are told to the owner and to the engineer."""

from __future__ import annotations

import pytest
from reported import BLEKINGE, NIGHT, RECIPIENT, a_failure, an_issue, text_of

from narvaro.alerts import capability_changed, compose_letters, held_deletions, minutes_off
from narvaro.county import load_county

UNIT = {"school_unit_code": "12345678", "school_unit_name": "Invented", "entity": "attendances", "doomed": 400}


@pytest.fixture(scope="module")
def county():
    return load_county(BLEKINGE)


@pytest.mark.parametrize("rule", ["held_deletions", "capability_changed"])
def test_owner_and_engineer_both_get_a_letter(county, rule):
    letters = compose_letters(county, NIGHT, [an_issue(rule=rule, record_ids=())])
    assert {letter.recipient for letter in letters} == {RECIPIENT, county.contact.email}


def test_short_pull_is_the_owners_affair(county):
    (letter,) = compose_letters(county, NIGHT, [an_issue(rule="short_pull", record_ids=())])
    assert letter.recipient == RECIPIENT


def test_changed_ability_is_told_once_and_never_thanked_for(county):
    assert compose_letters(county, NIGHT, [an_issue(rule="capability_changed", event="resolved")]) == []


def test_letter_names_the_unit_and_not_the_count_of_anybody(county):
    (finding,) = held_deletions("1080-karlskrona", [UNIT, UNIT | {"entity": "lessons", "doomed": 10}], reason="why")
    assert (finding.count, finding.school_unit_code) == (410, "12345678")
    assert finding.details["entities"] == ["attendances", "lessons"]
    issue = an_issue(rule=finding.rule, school_unit_code="12345678", details=finding.details, record_ids=())
    text = text_of(compose_letters(county, NIGHT, [issue])[0])
    assert "Invented (12345678)" in text
    assert "väntar därför på ett beslut" in text


def test_rows_without_a_unit_are_a_finding_of_the_source():
    (finding,) = held_deletions("s", [UNIT | {"school_unit_code": ""}], reason="why")
    assert finding.school_unit_code is None


def test_minutes_that_are_off_name_their_weeks():
    said = {"rule": "short_pull", "count": 80, "column": "12345678", "record_ids": ("2026-W38",), "note_sv": "Invented"}
    failure = a_failure(**said)
    finding = minutes_off("s", failure, reason="why")
    assert (finding.school_unit_code, finding.count, finding.details["periods"]) == ("12345678", 80, ["2026-W38"])


def test_a_change_says_what_changed():
    finding = capability_changed("s", ["/grades is no longer served"])
    assert finding.details["reason"] == "/grades is no longer served"
