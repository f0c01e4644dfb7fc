"""What became of a round of sending, and when what was not accepted is tried again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, Protocol

from narvaro.errors import AlertError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

BOUNCED, GIVEN_UP = "bounced", "given_up"
SHORTEST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
# By then the same faults have been told anew by a weekly reminder.
GIVEN_UP_AFTER = timedelta(days=7)


class WaitingLetter(Protocol):
    """What a queued letter must tell to be sent."""

    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def recipient(self) -> str: ...  # noqa: D102
    @property
    def message(self) -> str: ...  # noqa: D102
    @property
    def attempts(self) -> int: ...  # noqa: D102
    @property
    def queued_at(self) -> datetime | None: ...  # noqa: D102


class Outbox(Protocol):
    """Where letters wait."""

    def pending_letters(self, now: datetime | None = None, channel: str | None = None) -> Sequence[WaitingLetter]:
        """Give the letters whose time has come, oldest first."""

    def mark_sent(self, key: str) -> None:
        """Note that a letter was accepted."""

    def mark_failed(self, key: str, reason: str, next_attempt_at: datetime) -> None:
        """Note a try that was not accepted; the letter waits till the next."""

    def mark_bounced(self, key: str, reason: str) -> None:
        """Note that the address takes no letters; this one is not tried again."""

    def mark_given_up(self, key: str, reason: str) -> None:
        """Note that a letter has been tried for long enough."""


class LostLetter(NamedTuple):
    """A letter that is not tried again, and why; `kind` is bounced or given_up."""

    letter: WaitingLetter
    reason: str
    kind: str


@dataclass(slots=True)
class Outcome:
    """How many were accepted, why the others were not, and which will not be tried again."""

    sent: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    lost: list[LostLetter] = field(default_factory=list)

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(self.sent + other.sent, self.refusals + other.refusals, self.lost + other.lost)

    def require_all_accepted(self, what: str) -> int:
        """Give how many were accepted.

        Raises:
            AlertError: not every letter was; says why, and never to whom.
        """
        if not self.refusals:
            return self.sent
        total = self.sent + sum(self.refusals.values())
        reasons = ", ".join(f"{reason}: {count}" for reason, count in sorted(self.refusals.items()))
        waiting = sum(self.refusals.values()) - len(self.lost)
        message = (
            f"{what}: {self.sent} of {total} letters accepted, {waiting} wait for the next run, "
            f"{len(self.lost)} are not tried again ({reasons}). See `narvaro alerts outbox`, and check the "
            "recipients' addresses and the connections."
        )
        raise AlertError(message)


def refuse(outbox: Outbox, letter: WaitingLetter, reason: str, outcome: Outcome, *, now: datetime) -> None:
    """Note that a letter was not accepted this time: it waits, twice as long for each try, and in the end no more."""
    outcome.refusals[reason] += 1
    if letter.queued_at is not None and now - letter.queued_at >= GIVEN_UP_AFTER:
        outbox.mark_given_up(letter.key, reason)
        outcome.lost.append(LostLetter(letter, reason, GIVEN_UP))
        return
    outbox.mark_failed(letter.key, reason, now + wait_after(letter.attempts))


def bounce(outbox: Outbox, letter: WaitingLetter, reason: str, outcome: Outcome) -> None:
    """Note that an address takes no letters at all."""
    outcome.refusals[reason] += 1
    outbox.mark_bounced(letter.key, reason)
    outcome.lost.append(LostLetter(letter, reason, BOUNCED))


def wait_after(attempts: int) -> timedelta:
    """Give how long a letter waits after a try, from the number of tries before it."""
    # Doubling a thousand times would overflow.
    doublings: int = 2 ** min(attempts, 20)
    return min(LONGEST_WAIT, SHORTEST_WAIT * doublings)
