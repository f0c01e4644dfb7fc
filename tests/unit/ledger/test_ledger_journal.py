from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ledger_builders import NIGHT, a_letter

from narvaro.errors import LedgerError
from narvaro.ledger import AccessRecord, Ledger, ReleaseRecord, ReleaseTable

MADE_AT = datetime(2026, 9, 19, 4, 30, tzinfo=UTC)


@pytest.fixture
def ledger(url):
    return Ledger.open(url)


def a_release(**changes):
    table = ReleaseTable("county_absence_by_term", 12, "beef")
    values = {"release_id": "2026-09-19", "night": NIGHT, "made_at": MADE_AT, "status": "preliminary"}
    return ReleaseRecord(**values | {"code_version": "0.1.0", "load_ids": ("a", "b"), "tables": (table,)} | changes)


def test_a_letter_is_queued_once(ledger):
    assert ledger.queue_letter(a_letter()) is True
    assert ledger.queue_letter(a_letter(subject="newer")) is False
    (letter,) = ledger.pending_letters()
    assert (letter.subject, letter.status, letter.attempts) == ("newer", "pending", 0)


def test_a_sent_letter_stands(ledger):
    ledger.queue_letter(a_letter())
    ledger.mark_failed(a_letter().key)
    ledger.mark_sent(a_letter().key)
    assert ledger.queue_letter(a_letter(subject="newer")) is False
    assert ledger.pending_letters() == []
    (letter,) = ledger.letters(NIGHT)
    assert (letter.subject, letter.status, letter.attempts) == (a_letter().subject, "sent", 2)
    assert letter.sent_at.tzinfo is UTC


def test_an_unknown_letter_cannot_be_marked(ledger):
    with pytest.raises(LedgerError, match="No letter"):
        ledger.mark_sent("2026-09-19/nobody@kommun.example")


def test_a_letter_says_its_way_and_its_role(ledger):
    ledger.queue_letter(a_letter())
    ledger.queue_letter(a_letter(key="notice", channel="notice", role="engineer", recipient="narvaro_teams"))
    ways = {letter.key: (letter.channel, letter.role) for letter in ledger.pending_letters()}
    assert ways == {a_letter().key: ("email", ""), "notice": ("notice", "engineer")}
    assert [letter.key for letter in ledger.pending_letters(channel="notice")] == ["notice"]


def test_a_letter_waits_for_its_next_try(ledger):
    ledger.queue_letter(a_letter())
    ledger.mark_failed(a_letter().key, "answer 451", MADE_AT + timedelta(hours=1))
    assert ledger.pending_letters(MADE_AT) == []
    (letter,) = ledger.pending_letters(MADE_AT + timedelta(hours=1))
    assert (letter.failed_reason, letter.attempts) == ("answer 451", 1)
    assert ledger.pending_letters() == [letter]


def test_a_letter_is_not_lost_when_the_clock_goes_back(ledger):
    ledger.queue_letter(a_letter())
    ledger.mark_failed(a_letter().key, "answer 451", MADE_AT + timedelta(days=365))
    assert len(ledger.pending_letters(MADE_AT)) == 1


@pytest.mark.parametrize(("mark", "status"), [("mark_bounced", "bounced"), ("mark_given_up", "given_up")])
def test_a_letter_that_came_to_nothing_is_kept_and_can_be_sent_again(ledger, mark, status):
    ledger.queue_letter(a_letter())
    getattr(ledger, mark)(a_letter().key, "no such mailbox")
    assert ledger.pending_letters() == []
    assert ledger.queue_letter(a_letter(subject="newer")) is False
    (letter,) = ledger.letters(NIGHT)
    assert (letter.status, letter.failed_reason, letter.subject) == (status, "no such mailbox", a_letter().subject)
    ledger.requeue_letter(letter.key)
    (letter,) = ledger.pending_letters(MADE_AT)
    assert (letter.attempts, letter.failed_reason) == (0, "")


def test_a_letter_that_waits_or_was_sent_is_not_queued_anew(ledger):
    ledger.queue_letter(a_letter())
    with pytest.raises(LedgerError, match="No letter"):
        ledger.requeue_letter(a_letter().key)
    ledger.mark_sent(a_letter().key)
    with pytest.raises(LedgerError, match="No letter"):
        ledger.requeue_letter(a_letter().key)


def test_a_preliminary_release_can_be_made_again(ledger):
    ledger.record_release(a_release(code_version="0.1.0"))
    ledger.record_release(a_release(code_version="0.1.1", audit={"cells": 3}))
    assert ledger.releases() == [a_release(code_version="0.1.1", audit={"cells": 3})]


def test_an_official_release_stands(ledger):
    ledger.record_release(a_release(status="official"))
    with pytest.raises(LedgerError, match="official"):
        ledger.record_release(a_release())
    assert ledger.releases() == [a_release(status="official")]


def test_every_access_is_kept(ledger):
    access = AccessRecord(MADE_AT, "anna", "check", "select 1", 1)
    ledger.record_access(access)
    ledger.record_access(access)
    assert ledger.accesses() == [access, access]
