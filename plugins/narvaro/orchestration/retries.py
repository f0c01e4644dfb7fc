"""Which failures Airflow tries again, and after how long."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryDecision, RetryRule

from narvaro.errors import SourceBusyError

if TYPE_CHECKING:
    from airflow.sdk import Context

    from narvaro.county import Retries

# The run itself ends after six hours; who asks for more gets the next night instead.
LONGEST_WAIT = timedelta(hours=2)
_SHORTEST_WAIT = timedelta(seconds=1)


class SourceRetryPolicy(ExceptionRetryPolicy):
    """Waits as long as the source itself asked, where it did; the rules decide everything else."""

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """Say whether a failed task is tried again, and when."""
        decision = super().evaluate(exception, try_number, max_tries, context)
        asked = exception.retry_after_seconds if isinstance(exception, SourceBusyError) else None
        if asked is None or decision.action is not RetryAction.RETRY:
            return decision
        if asked > LONGEST_WAIT.total_seconds():
            return RetryDecision.fail("the source asked us to wait past this night; the next one reads what is missed")
        # A wait of nothing would meet the same busy source with the next breath.
        wait = max(timedelta(seconds=asked), _SHORTEST_WAIT)
        return replace(decision, retry_delay=wait, reason=f"the source asked us to wait {wait.total_seconds():.0f} s")


def retry_policy(retries: Retries, *, delay_seconds: float | None = None) -> SourceRetryPolicy:
    """Give the policy of every task: wait for the busy, ask the silent again, let the wrong fail.

    `delay_seconds` replaces every wait of the county's configuration, as the demo wants it;
    a wait that a source asked for is kept all the same.
    """
    wait = timedelta(seconds=retries.delay_seconds if delay_seconds is None else delay_seconds)
    busy = timedelta(seconds=retries.busy_delay_seconds if delay_seconds is None else delay_seconds)
    return SourceRetryPolicy(
        rules=[
            # The first rule that fits decides: a busy source is also a source that did not answer.
            RetryRule("narvaro.errors.SourceBusyError", RetryAction.RETRY, busy, "the source asked us to wait"),
            RetryRule("narvaro.errors.SourceError", RetryAction.RETRY, wait, "the source did not answer"),
            RetryRule("narvaro.errors.BusyError", RetryAction.RETRY, wait, "another run holds the lock"),
            RetryRule("narvaro.errors.AlertError", RetryAction.RETRY, wait, "the letters stay in the outbox"),
            RetryRule("narvaro.errors.NarvaroError", RetryAction.FAIL, None, "a person must act; see the message"),
        ]
    )
