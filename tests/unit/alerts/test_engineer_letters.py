"""What the region's own people are told of what is theirs."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from reported import BLEKINGE, NIGHT, html_of, parsed, text_of

from narvaro.alerts import FIGURES_LATE, RUN_FAILED, engineer_letters
from narvaro.alerts.words import texts
from narvaro.county import ENGINEER, Recipient, load_county

VALUES = {
    "what": "build_county.publish_release",
    "reason": "PublishError: no room",
    "recipient": "office@kommun.example",
    "key": "2026-09-19/office@kommun.example",
    "written": "2026-09-19",
}


@pytest.fixture(scope="module")
def county():
    return load_county(BLEKINGE)


def test_a_failed_run_is_told_with_what_to_do(county):
    (letter,) = engineer_letters(county, NIGHT, RUN_FAILED, about="2026-09-19/publish_release", **VALUES)
    assert (letter.recipient, letter.role) == (county.contact.email, "engineer")
    assert letter.subject == "Närvaro: build_county.publish_release misslyckades"
    for body in (text_of(letter), html_of(letter)):
        assert "PublishError: no room" in body
        assert "docs/runbooks/a-failed-night.md" in body
        assert "huvudman" not in body
    assert parsed(letter).defects == []


def test_the_same_thing_is_the_same_letter(county):
    first, again = (engineer_letters(county, NIGHT, FIGURES_LATE, about="2026-09-19", **VALUES) for _ in range(2))
    assert first == again


def test_every_engineer_is_told_and_a_channel_only_that_something_is(county):
    ours = (
        Recipient(roles=(ENGINEER,), email="jour@region-blekinge.example", language="en"),
        Recipient(roles=(ENGINEER,), conn_id="narvaro_slack"),
    )
    letter, notice = engineer_letters(replace(county, recipients=ours), NIGHT, RUN_FAILED, about="x", **VALUES)
    assert letter.subject == "Närvaro: build_county.publish_release failed"
    assert (notice.channel, notice.recipient) == ("notice", "narvaro_slack")
    told = json.loads(notice.message)
    assert (told["type"], told["title"]) == ("narvaro.engineer", "Närvaro: build_county.publish_release misslyckades")
    assert "no room" not in notice.message


@pytest.mark.parametrize("kind", sorted(texts("sv")["engineer"]))
def test_every_kind_can_be_written(county, kind):
    (letter,) = engineer_letters(county, NIGHT, kind, about="x", **VALUES)
    assert "{" not in text_of(letter)
