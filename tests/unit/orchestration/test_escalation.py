"""When the region is told that an issue is not being mended: after working days, each opening once."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from narvaro.alerts import Finding
from narvaro.county import Escalation
from narvaro.orchestration.escalation import escalate_overdue, note_reminders
from narvaro.orchestration.line import Line
from narvaro.settings import PROJECT_DIR, Settings

SOURCE = "1080-karlskrona"
ROWS = [(SOURCE, "rows")]
MONDAY = date(2026, 9, 7)
DAY = timedelta(days=1)


@pytest.fixture
def line(tmp_path: Path) -> Line:
    config_dir = PROJECT_DIR / "config" / "blekinge"
    return Line.open(Settings.from_env({"NARVARO_HOME": str(tmp_path), "NARVARO_CONFIG_DIR": str(config_dir)}))


def a_fault(**changes: object) -> Finding:
    values = {"source": SOURCE, "rule": "impossible_minutes", "door": "rows", "severity": "critical"}
    return Finding(**values | changes)  # type: ignore[arg-type]


def opened(line: Line, **changes: object) -> str:
    """Open an issue on Monday; give its fingerprint."""
    (issue,) = line.ledger.record_findings(MONDAY, [a_fault(**changes)], checked=ROWS)
    return issue.fingerprint


def first_escalation(line: Line, days: int = 60) -> date | None:
    """Give the first night on which something is escalated."""
    nights = (MONDAY + DAY * number for number in range(days))
    return next((night for night in nights if escalate_overdue(line, night)), None)


def test_county_says_after_how_many_days(line: Line):
    assert line.county.escalation == Escalation(critical=5, warning=20)


def test_critical_issue_is_escalated_after_five_working_days(line: Line):
    opened(line)
    assert first_escalation(line) == MONDAY + DAY * 7


def test_warning_waits_longer_and_the_days_of_the_autumn_break_do_not_count(line: Line):
    opened(line, severity="warning")
    escalated = first_escalation(line, 90)
    assert escalated is not None
    assert line.county.working_days_after(MONDAY, escalated) == 20
    assert line.county.working_days_after(date(2026, 10, 23), date(2026, 11, 2)) == 1


def test_issue_is_escalated_once(line: Line):
    fingerprint = opened(line)
    late = MONDAY + DAY * 30
    assert escalate_overdue(line, late) == [fingerprint]
    assert escalate_overdue(line, late) == []
    assert escalate_overdue(line, late + DAY) == []
    assert line.ledger.issue(fingerprint).escalated_night == late


def test_promise_puts_it_off_once(line: Line):
    fingerprint = opened(line)
    for day in (3, 8):
        at = datetime(2026, 9, 7, 8, tzinfo=UTC) + DAY * day
        line.ledger.answer_issue(fingerprint, "acknowledged", by="anna", at=at)
    # From Thursday's word; that of the next Tuesday changes nothing.
    assert first_escalation(line) == MONDAY + DAY * 10


def test_verified_issue_is_left_in_peace(line: Line):
    at = datetime(2026, 9, 7, 8, tzinfo=UTC)
    line.ledger.answer_issue(opened(line), "verified", by="anna", reason="called off", at=at)
    assert first_escalation(line) is None


def test_what_is_ours_to_mend_is_not_escalated_to_ourselves(line: Line):
    opened(line, owner="engineer")
    assert first_escalation(line) is None


def test_reminders_are_kept_in_the_issues_life(line: Line):
    fingerprint = opened(line)
    for number in range(1, 8):
        night = MONDAY + DAY * number
        note_reminders(line, night, line.ledger.record_findings(night, [a_fault()], checked=ROWS))
    reminded = [step.night for step in line.ledger.issue_history(fingerprint) if step.event == "reminded"]
    assert reminded == [MONDAY + DAY * 6]


def test_ten_thousand_issues_are_recorded_and_escalated_fast(line: Line):
    faults = [a_fault(school_unit_code=f"{number:08d}") for number in range(10_000)]
    begun = time.process_time()
    line.ledger.record_findings(MONDAY, faults, checked=ROWS)
    line.ledger.record_findings(MONDAY + DAY, faults, checked=ROWS)
    assert len(escalate_overdue(line, MONDAY + DAY * 10)) == 10_000
    # Measured 2.5 s; row by row it took half a minute.
    assert time.process_time() - begun < 10
