"""Which failures Airflow tries again, and after how long."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

if TYPE_CHECKING:
    from narvaro.county import Retries


def retry_policy(retries: Retries, *, delay_seconds: float | None = None) -> ExceptionRetryPolicy:
    """Give the policy of every task: wait for the busy, ask the silent again, let the wrong fail.

    `delay_seconds` replaces every wait of the county's configuration, as the demo wants it.
    """
    wait = timedelta(seconds=retries.delay_seconds if delay_seconds is None else delay_seconds)
    busy = timedelta(seconds=retries.busy_delay_seconds if delay_seconds is None else delay_seconds)
    return ExceptionRetryPolicy(
        rules=[
            # The first rule that fits decides: a busy source is also a source that did not answer.
            RetryRule("narvaro.errors.SourceBusyError", RetryAction.RETRY, busy, "the source asked us to wait"),
            RetryRule("narvaro.errors.SourceError", RetryAction.RETRY, wait, "the source did not answer"),
            RetryRule("narvaro.errors.BusyError", RetryAction.RETRY, wait, "another run holds the lock"),
            RetryRule("narvaro.errors.AlertError", RetryAction.RETRY, wait, "the letters stay in the outbox"),
            RetryRule("narvaro.errors.NarvaroError", RetryAction.FAIL, None, "a person must act; see the message"),
        ]
    )
