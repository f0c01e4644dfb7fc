"""What Airflow does after a failure: the source's own word counts, within the night."""

from __future__ import annotations

from datetime import timedelta

import pytest
from airflow.sdk import RetryAction

from narvaro.county.model import Retries
from narvaro.errors import SourceBusyError, SourceDeniedError, SourceError
from narvaro.orchestration.retries import LONGEST_WAIT, retry_policy

RETRIES = Retries(count=3, delay_seconds=60, busy_delay_seconds=300)


def decided(error: Exception, **changes: float):
    return retry_policy(RETRIES, **changes).evaluate(error, 1, 3)


@pytest.mark.parametrize(
    ("asked", "waited"), [(None, 300), (0.0, 1), (7.0, 7), (1200.0, 1200), (LONGEST_WAIT.total_seconds(), 7200)]
)
def test_busy_source_is_asked_again_when_it_said(asked: float | None, waited: int):
    decision = decided(SourceBusyError("busy", retry_after_seconds=asked))
    assert decision.action is RetryAction.RETRY
    assert decision.retry_delay == timedelta(seconds=waited)


def test_source_that_asks_for_more_than_the_night_is_left_in_peace():
    decision = decided(SourceBusyError("busy", retry_after_seconds=LONGEST_WAIT.total_seconds() + 1))
    assert decision.action is RetryAction.FAIL
    assert "next one" in decision.reason


def test_demo_shortens_our_own_waits_and_not_the_sources():
    assert decided(SourceError("silent"), delay_seconds=2).retry_delay == timedelta(seconds=2)
    assert decided(SourceBusyError("busy"), delay_seconds=2).retry_delay == timedelta(seconds=2)
    asked = SourceBusyError("busy", retry_after_seconds=40)
    assert decided(asked, delay_seconds=2).retry_delay == timedelta(seconds=40)


def test_wait_in_an_error_that_fails_changes_nothing():
    assert decided(SourceDeniedError("no")).action is RetryAction.FAIL


def test_policy_survives_the_copy_that_airflow_keeps():
    """Airflow serialises a policy as data; the words that people read in the log must be in it."""
    kept = retry_policy(RETRIES).serialize()
    assert kept["rules"][0]["exception"] == "narvaro.errors.SourceBusyError"
