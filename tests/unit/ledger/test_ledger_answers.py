"""What school offices say of an issue, and how long it holds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from ledger_builders import NEXT_NIGHT, NIGHT, SOURCE, a_finding

from narvaro.errors import LedgerError
from narvaro.ledger import Ledger

HERE = [(SOURCE, "rows")]
ISSUE = "0180-stockholm/-/impossible_minutes"
MORNING = datetime(2026, 9, 19, 7, 0, tzinfo=UTC)
TODAY = MORNING.date()
WHY = "Lektionerna är inställda."


def with_an_issue(url):
    ledger = Ledger.open(url)
    ledger.record_findings(NIGHT, [a_finding(owner="reporting")], checked=HERE)
    return ledger


@pytest.fixture
def ledger(url):
    return with_an_issue(url)


def night(number):
    return NIGHT + timedelta(days=number)


def standing(ledger, today):
    return ledger.issue(ISSUE, today=today).standing(today)


def test_an_issue_has_an_owner_and_no_answer(ledger):
    issue = ledger.issue(ISSUE, today=TODAY)
    assert (issue.owner, issue.answer, issue.standing(TODAY), issue.flapping) == ("reporting", None, "open", False)


def test_an_acknowledgement_holds_two_weeks(ledger):
    answer = ledger.answer_issue(ISSUE, "acknowledged", by="anna", at=MORNING)
    assert (answer.kind, answer.answered_by, answer.until) == ("acknowledged", "anna", TODAY + timedelta(days=14))
    assert ledger.answers(ISSUE) == [answer]
    assert ledger.issue(ISSUE, today=TODAY).answer == answer
    assert standing(ledger, answer.until) == "acknowledged"
    assert standing(ledger, answer.until + timedelta(days=1)) == "open"


def test_an_acknowledgement_is_about_one_opening(ledger):
    ledger.answer_issue(ISSUE, "acknowledged", by="anna", at=MORNING)
    ledger.record_findings(night(1), [], checked=HERE)
    assert standing(ledger, night(1)) == "resolved"
    ledger.record_findings(night(2), [a_finding()], checked=HERE)
    assert standing(ledger, night(2)) == "open"


def test_a_verification_outlives_its_issue_and_then_ends(ledger):
    until = night(5)
    ledger.answer_issue(ISSUE, "verified", by="anna", reason=WHY, until=until, at=MORNING)
    ledger.record_findings(night(1), [], checked=HERE)
    (issue,) = ledger.record_findings(night(2), [a_finding()], checked=HERE)
    assert (issue.event, issue.standing(night(2)), issue.is_silent(night(2))) == ("reopened", "verified", True)
    (issue,) = ledger.record_findings(until, [a_finding()], checked=HERE)
    assert issue.is_silent(until)


def test_what_was_verified_is_news_when_the_verification_ends(ledger):
    until = night(5)
    ledger.answer_issue(ISSUE, "verified", by="anna", reason=WHY, until=until, at=MORNING)
    ledger.record_findings(until, [a_finding()], checked=HERE)
    after = until + timedelta(days=1)
    for _ in range(2):
        (issue,) = ledger.record_findings(after, [a_finding()], checked=HERE)
        assert (issue.event, issue.opened_night, issue.is_silent(after)) == ("reopened", after, False)
    (issue,) = ledger.record_findings(after + timedelta(days=1), [a_finding()], checked=HERE)
    assert (issue.event, issue.nights_seen) == ("seen", 2)


def test_a_verification_can_be_withdrawn(ledger):
    ledger.answer_issue(ISSUE, "verified", by="anna", reason=WHY, at=MORNING)
    ledger.answer_issue(ISSUE, "withdrawn", by="bo", at=MORNING)
    assert standing(ledger, TODAY) == "open"
    assert [answer.kind for answer in ledger.answers(ISSUE)] == ["verified", "withdrawn"]
    ledger.answer_issue(ISSUE, "withdrawn", by="bo", at=MORNING)
    assert len(ledger.answers(ISSUE)) == 2


def test_the_same_answer_twice_is_one(ledger):
    first = ledger.answer_issue(ISSUE, "verified", by="anna", reason=WHY, at=MORNING)
    later = ledger.answer_issue(ISSUE, "verified", by="anna", reason=f"  {WHY}  ", at=MORNING + timedelta(seconds=2))
    assert later == first
    assert ledger.answers(ISSUE) == [first]


def test_the_newest_answer_counts_though_the_clock_went_back(ledger):
    ledger.answer_issue(ISSUE, "acknowledged", by="anna", at=MORNING)
    ledger.answer_issue(ISSUE, "verified", by="bo", reason=WHY, at=MORNING - timedelta(days=2))
    assert standing(ledger, TODAY) == "verified"


@pytest.mark.parametrize(
    ("kind", "changes", "word"),
    [
        ("ignored", {}, "Choose one of them"),
        ("verified", {}, "without a reason"),
        ("verified", {"reason": " \n"}, "without a reason"),
        ("verified", {"reason": WHY, "until": TODAY - timedelta(days=1)}, "has passed"),
        ("verified", {"reason": WHY, "until": date(2028, 1, 1)}, "too far away"),
        ("acknowledged", {"until": TODAY + timedelta(days=61)}, "too far away"),
        ("acknowledged", {"by": "  "}, "Say who"),
        ("acknowledged", {"reason": "x" * 501}, "500 at most"),
        ("verified", {"reason": "Eleven 20010101-2384 har slutat"}, "civic number"),
        ("verified", {"reason": "010101 2384 har slutat"}, "civic number"),
        ("withdrawn", {}, "none to withdraw"),
    ],
)
def test_an_answer_that_cannot_be_kept_is_refused(sqlite_url, kind, changes, word):
    ledger = with_an_issue(sqlite_url)
    with pytest.raises(LedgerError, match=word) as caught:
        ledger.answer_issue(ISSUE, kind, **({"by": "anna", "at": MORNING} | changes))
    assert "2384" not in str(caught.value)
    assert ledger.answers(ISSUE) == []


def test_an_unknown_issue_cannot_be_answered(ledger):
    with pytest.raises(LedgerError, match="issues list"):
        ledger.answer_issue("0180-stockholm/-/no_such_rule", "acknowledged", by="anna")


def test_a_resolved_issue_is_not_acknowledged_but_may_be_verified(ledger):
    ledger.record_findings(NEXT_NIGHT, [], checked=HERE)
    with pytest.raises(LedgerError, match="resolved already"):
        ledger.answer_issue(ISSUE, "acknowledged", by="anna", at=MORNING)
    assert ledger.answer_issue(ISSUE, "verified", by="anna", reason=WHY, at=MORNING).kind == "verified"


def test_silence_is_never_right(ledger):
    silence = a_finding(rule="silent_source", door="arrival")
    ledger.record_findings(NIGHT, [silence], checked=[(SOURCE, "arrival")])
    with pytest.raises(LedgerError, match="Acknowledge it instead"):
        ledger.answer_issue(f"{SOURCE}/-/silent_source", "verified", by="anna", reason=WHY, at=MORNING)


def test_the_history_tells_nights_people_and_letters(ledger):
    ledger.answer_issue(ISSUE, "acknowledged", by="anna", reason="På väg.")
    ledger.record_findings(NEXT_NIGHT, [a_finding(count=5)], checked=HERE)
    ledger.record_reminders(NEXT_NIGHT, [ISSUE])
    ledger.record_reminders(NEXT_NIGHT, [ISSUE])
    assert ledger.record_escalations(NEXT_NIGHT, [ISSUE]) == [ISSUE]
    assert ledger.record_escalations(night(2), [ISSUE]) == []
    ledger.record_findings(night(2), [], checked=HERE)
    history = ledger.issue_history(ISSUE)
    told = ["opened", "acknowledged", "seen", "reminded", "escalated", "resolved"]
    assert [step.event for step in history] == told
    assert (history[1].by, history[1].reason, history[2].count) == ("anna", "På väg.", 5)
    assert ledger.issue(ISSUE).escalated_night == NEXT_NIGHT


def test_an_issue_that_opens_again_can_be_escalated_again(ledger):
    ledger.record_escalations(NIGHT, [ISSUE])
    ledger.record_findings(night(1), [], checked=HERE)
    assert ledger.record_escalations(night(1), [ISSUE]) == []
    ledger.record_findings(night(2), [a_finding()], checked=HERE)
    assert ledger.record_escalations(night(2), [ISSUE]) == [ISSUE]
