"""An issue that comes and goes is told once as such, and then left alone until it stays one or the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from ledger_builders import NIGHT, SOURCE, a_finding

from narvaro.ledger import Ledger

HERE = [(SOURCE, "rows")]
ISSUE = "0180-stockholm/-/impossible_minutes"


@dataclass(frozen=True)
class Damping:
    times: int = 2
    nights: int = 5


@pytest.fixture
def ledger(sqlite_url):
    return Ledger.open(sqlite_url)


def night(number):
    return NIGHT + timedelta(days=number)


def live(ledger, found_or_not, *, first=0):
    """Run a night for each letter: f for found, - for not found; give each night's event, upper case when silent."""
    told = ""
    for number, sign in enumerate(found_or_not, start=first):
        for _ in range(2):
            issues = ledger.record_findings(
                night(number), [a_finding()] if sign == "f" else [], checked=HERE, damping=Damping()
            )
        (issue,) = issues or [None]
        event = issue.event[:3] if issue else "..."
        told += (event.upper() if issue and issue.is_silent(night(number)) else event) + " "
    return told.strip()


def test_an_issue_that_comes_and_goes_is_told_once_more_and_then_is_quiet(url):
    ledger = Ledger.open(url)
    assert live(ledger, "f-f-f-f-") == "ope res reo res reo RES REO RES"
    issue = ledger.issue(ISSUE)
    assert (issue.flapping, issue.flapping_since) == (True, night(4))
    assert [step.event for step in ledger.issue_history(ISSUE)].count("flapping") == 1


def test_an_issue_that_stays_open_is_told_again(ledger):
    live(ledger, "f-f-f")
    assert live(ledger, "ffffff", first=5) == "SEE SEE SEE SEE reo see"
    assert not ledger.issue(ISSUE).flapping


def test_an_issue_that_stays_mended_is_told_as_mended(ledger):
    live(ledger, "f-f-f-")
    assert live(ledger, "------", first=6) == "... ... ... ... res ..."
    issue = ledger.issue(ISSUE)
    assert (issue.flapping, issue.state, issue.resolved_night) == (False, "resolved", night(5))


def test_an_issue_that_comes_back_after_a_calm_time_does_not_flap(ledger):
    live(ledger, "f-f-f-" + "-" * 6)
    assert live(ledger, "f", first=12) == "reo"
    assert not ledger.issue(ISSUE).flapping


def test_an_issue_that_comes_seldom_does_not_flap(ledger):
    assert "REO" not in live(ledger, "f-----f-----f-----f-----")
    assert not ledger.issue(ISSUE).flapping


def test_a_flapping_issue_that_nobody_examines_stays_as_it_is(ledger):
    live(ledger, "f-f-f-")
    ledger.record_findings(night(30), [], checked=[(SOURCE, "marts")], damping=Damping())
    assert ledger.issue(ISSUE).flapping
