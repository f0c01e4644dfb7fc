from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narvaro.alerts.links import ANSWER, COUNTY, LIFETIMES, STATUS, Claim, Links, Seal
from narvaro.errors import AlertError

NOW = datetime(2026, 9, 21, 7, tzinfo=UTC)
OWNER, ISSUE = "2120000142", "0180-stockholm/-/impossible_minutes"
OLD, NEW = "o" * 32, "n" * 64
LINKS = Links("https://narvaro.example/", NEW)


def token_of(link):
    return parse_qs(urlsplit(link).query)["token"][0]


def test_status_link_names_its_owner_until_it_expires():
    link = LINKS.status_page(OWNER, now=NOW)
    assert link.startswith("https://narvaro.example/in/status?token=")
    expires_at = NOW + LIFETIMES[STATUS]
    assert LINKS.read(token_of(link), STATUS, expires_at - timedelta(seconds=1)) == Claim(OWNER, expires_at)
    with pytest.raises(AlertError, match="no longer good"):
        LINKS.read(token_of(link), STATUS, expires_at)


def test_answer_link_names_its_issue():
    claim = LINKS.read(token_of(LINKS.answer_page(ISSUE, OWNER, now=NOW)), ANSWER, NOW)
    assert (claim.owner_id, claim.fingerprint) == (OWNER, ISSUE)


def test_link_is_good_for_its_own_purpose_only():
    status, answer = LINKS.status_page(COUNTY, now=NOW), LINKS.answer_page(ISSUE, OWNER, now=NOW)
    for link, purpose in ((status, ANSWER), (answer, STATUS), (status, "session"), (answer, "form")):
        with pytest.raises(AlertError, match="not one of ours"):
            LINKS.read(token_of(link), purpose, NOW)


def test_new_secret_seals_and_the_old_one_still_opens():
    sent = token_of(Links("https://narvaro.example", OLD).status_page(OWNER, now=NOW))
    rotated = Links("https://narvaro.example", [NEW, OLD])
    assert rotated.read(sent, STATUS, NOW).owner_id == OWNER
    fresh = token_of(rotated.status_page(OWNER, now=NOW))
    assert LINKS.read(fresh, STATUS, NOW).owner_id == OWNER
    with pytest.raises(AlertError):
        LINKS.read(sent, STATUS, NOW)


def test_token_tells_nothing_to_who_has_no_secret():
    token = token_of(LINKS.answer_page(ISSUE, OWNER, now=NOW))
    plain = base64.urlsafe_b64decode(token)
    assert OWNER.encode() not in plain
    assert b"stockholm" not in plain
    assert token != token_of(LINKS.answer_page(ISSUE, OWNER, now=NOW))


@pytest.mark.parametrize("place", [0, 12, 40, -40, -2])
def test_changed_token_is_refused(place):
    token = token_of(LINKS.status_page(OWNER, now=NOW))
    changed = list(token)
    # The first two bits change: a token's last letter may end in bits that are nothing.
    changed[place] = "w" if token[place] in "ABCDEFGHIJKLMNOP" else "A"
    with pytest.raises(AlertError, match="not one of ours"):
        LINKS.read("".join(changed), STATUS, NOW)


@given(st.text(max_size=300))
def test_any_other_text_is_refused_without_repeating_it(text):
    with pytest.raises(AlertError) as refusal:
        LINKS.read(f"{text}-nonsense", STATUS, NOW)
    assert "nonsense" not in str(refusal.value)


def test_very_long_token_is_refused():
    token = token_of(LINKS.status_page(OWNER, now=NOW))
    with pytest.raises(AlertError):
        LINKS.read(token + "A" * 1_000_000, STATUS, NOW)


@pytest.mark.parametrize("secrets", [[], ["short"], [NEW, "short"]])
def test_short_secret_is_refused_and_not_shown(secrets):
    with pytest.raises(AlertError, match="32 characters") as refusal:
        Seal(secrets)
    assert "short" not in str(refusal.value)
    assert NEW not in repr(LINKS)
