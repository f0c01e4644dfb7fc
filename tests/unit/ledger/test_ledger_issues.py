from __future__ import annotations

from datetime import date, timedelta

import pytest
from ledger_builders import NEXT_NIGHT, NIGHT, SOURCE, a_finding

from narvaro.errors import LedgerError
from narvaro.ledger import Ledger

HERE = [(SOURCE, "rows")]


@pytest.fixture
def ledger(url):
    return Ledger.open(url)


def events(issues):
    return [(issue.rule, issue.event) for issue in issues]


def test_a_finding_opens_an_issue_once(ledger):
    first = ledger.record_findings(NIGHT, [a_finding()], checked=HERE)
    second = ledger.record_findings(NIGHT, [a_finding()], checked=HERE)

    assert first == second
    (issue,) = second
    assert (issue.event, issue.state, issue.opened_night, issue.nights_seen) == ("opened", "open", NIGHT, 1)
    assert issue.fingerprint == "0180-stockholm/-/impossible_minutes"
    assert ledger.open_issues() == [_without_event(issue)]


def test_an_issue_is_seen_again_and_then_resolved(ledger):
    ledger.record_findings(NIGHT, [a_finding()], checked=HERE)
    (seen,) = ledger.record_findings(NEXT_NIGHT, [a_finding(count=5)], checked=HERE)
    assert (seen.event, seen.count, seen.opened_night, seen.nights_seen) == ("seen", 5, NIGHT, 2)

    third = NEXT_NIGHT + timedelta(days=1)
    (resolved,) = ledger.record_findings(third, [], checked=HERE)
    assert (resolved.event, resolved.state, resolved.resolved_night) == ("resolved", "resolved", third)
    assert ledger.open_issues() == []
    assert events(ledger.issues_of_night(NIGHT)) == [("impossible_minutes", "opened")]


def test_a_door_that_was_not_examined_resolves_nothing(ledger):
    ledger.record_findings(NIGHT, [a_finding()], checked=HERE)
    assert ledger.record_findings(NEXT_NIGHT, [], checked=[(SOURCE, "marts"), ("b", "rows")]) == []
    assert len(ledger.open_issues()) == 1


def test_a_resolved_issue_reopens_as_itself(ledger):
    ledger.record_findings(NIGHT, [a_finding()], checked=HERE)
    ledger.record_findings(NEXT_NIGHT, [], checked=HERE)
    third = NEXT_NIGHT + timedelta(days=1)
    (issue,) = ledger.record_findings(third, [a_finding()], checked=HERE)
    assert (issue.event, issue.opened_night, issue.nights_seen) == ("reopened", third, 1)
    assert len(ledger.issues()) == 1


def test_an_older_night_run_again_changes_nothing(ledger):
    ledger.record_findings(NIGHT, [a_finding()], checked=HERE)
    ledger.record_findings(NEXT_NIGHT, [a_finding(count=7)], checked=HERE)
    before = ledger.issues()
    ledger.record_findings(NIGHT, [a_finding(count=1)], checked=HERE)
    ledger.record_findings(NIGHT, [], checked=HERE)
    assert ledger.issues() == before


def test_a_second_try_of_the_night_withdraws_what_the_first_opened(ledger):
    ledger.record_findings(NIGHT, [a_finding()], checked=HERE)
    (issue,) = ledger.record_findings(NIGHT, [], checked=HERE)
    assert (issue.event, issue.state) == ("withdrawn", "resolved")
    (issue,) = ledger.record_findings(NIGHT, [a_finding()], checked=HERE)
    assert (issue.event, issue.state) == ("opened", "open")


def test_units_of_a_source_have_issues_of_their_own(ledger):
    findings = [a_finding(school_unit_code=code, rule="reports_missing") for code in ("12345678", "87654321")]
    assert len(ledger.record_findings(NIGHT, findings, checked=HERE)) == 2
    ledger.record_findings(NEXT_NIGHT, findings[:1], checked=HERE)
    assert [issue.school_unit_code for issue in ledger.open_issues(SOURCE)] == ["12345678"]


def test_two_findings_of_one_issue_are_refused(ledger):
    with pytest.raises(LedgerError, match="same issue"):
        ledger.record_findings(NIGHT, [a_finding(), a_finding(count=1)], checked=HERE)


def test_a_finding_at_an_unexamined_door_is_refused(ledger):
    with pytest.raises(LedgerError, match="not examined"):
        ledger.record_findings(NIGHT, [a_finding()], checked=[(SOURCE, "marts")])


def test_only_the_first_record_ids_are_kept(ledger):
    ids = tuple(f"id-{number}" for number in range(600))
    (issue,) = ledger.record_findings(date(2026, 9, 19), [a_finding(record_ids=ids, count=1000)], checked=HERE)
    assert (len(issue.record_ids), issue.count) == (500, 1000)


def _without_event(issue):
    return type(issue)(**{name: getattr(issue, name) for name in issue.__slots__ if name != "event"})
