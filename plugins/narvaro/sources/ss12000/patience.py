"""How long a request is tried again before its read gives up and the scheduler waits instead."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import tenacity

from narvaro.errors import SourceBusyError, SourceError
from narvaro.sources.ss12000.refusals import OverloadedError, PageTooLargeError

# A 503 that names no wait may be meant for a size that never was served: after the second one it is asked for less.
TRIES_OF_A_NEW_SIZE = 2
_LONGEST_WAIT_BETWEEN_SIZES = 2.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long one request is tried."""

    attempts: int = 5
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 60.0
    sleep: Callable[[float], None] = time.sleep

    def retrying(self, *, of_a_new_size: bool = False) -> tenacity.Retrying:
        """Give the loop that tries a request; one of a new size is soon given up when the server is out of breath."""
        return tenacity.Retrying(
            stop=self._is_over_for_a_size if of_a_new_size else tenacity.stop_after_attempt(self.attempts),
            wait=self.wait_seconds,
            retry=tenacity.retry_if_exception(self.is_worth_retrying),
            sleep=self.sleep,
            reraise=True,
        )

    def wait_seconds(self, state: tenacity.RetryCallState) -> float:
        """Give the wait the server asked for, or a back-off with full jitter."""
        asked = getattr(_error(state), "retry_after_seconds", None)
        if asked is not None and (asked > 0 or state.attempt_number == 1):
            # All readers were told the same moment: spread them a little.
            return float(asked) * random.uniform(1.0, 1.1)  # noqa: S311 - no secret rests on this
        return self.back_off_seconds(state.attempt_number)

    def back_off_seconds(self, failures: int) -> float:
        """Give a random wait of at most `first_wait_seconds`, doubled with every failure after the first."""
        longest = min(self.longest_wait_seconds, self.first_wait_seconds * 2.0 ** min(failures - 1, 30))
        return random.uniform(0.0, longest)  # noqa: S311 - no secret rests on this

    def rest_between_sizes(self, overloads: int) -> None:
        """Let a server that was out of breath rest before it is asked for less."""
        self.sleep(min(_LONGEST_WAIT_BETWEEN_SIZES, self.back_off_seconds(overloads + 1)))

    def is_worth_retrying(self, error: BaseException) -> bool:
        """Tell whether to try again here; a longer wait than ours belongs to the scheduler."""
        if isinstance(error, PageTooLargeError):
            return False
        if isinstance(error, SourceBusyError) and error.retry_after_seconds is not None:
            return error.retry_after_seconds <= self.longest_wait_seconds
        return isinstance(error, SourceError)

    def _is_over_for_a_size(self, state: tenacity.RetryCallState) -> bool:
        """Tell whether a request has been tried often enough at this size."""
        most = TRIES_OF_A_NEW_SIZE if isinstance(_error(state), OverloadedError) else self.attempts
        return state.attempt_number >= min(most, self.attempts)


def _error(state: tenacity.RetryCallState) -> BaseException | None:
    """Give what the last try ended with."""
    return state.outcome.exception() if state.outcome else None
