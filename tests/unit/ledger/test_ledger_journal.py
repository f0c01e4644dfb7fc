from __future__ import annotations

from datetime import UTC, datetime

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
