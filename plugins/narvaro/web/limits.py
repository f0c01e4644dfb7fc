"""How much one visitor may ask: enough for people, too little for guessing."""

from __future__ import annotations

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

_PAGES = RateLimitItemPerMinute(120)
_ENTRIES = RateLimitItemPerMinute(30)
_ANSWERS = RateLimitItemPerMinute(20)


class Limits:
    """Counts requests a minute in the memory of this process: ways in by address, pages and answers by session."""

    def __init__(self) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def allow_page(self, visit: str) -> bool:
        """Count a page; False when it is one too many."""
        return self._limiter.hit(_PAGES, "page", visit)

    def allow_entry(self, visitor: str) -> bool:
        """Count a link or a sign-in; False when it is one too many."""
        return self._limiter.hit(_ENTRIES, "entry", visitor)

    def allow_answer(self, visit: str) -> bool:
        """Count an answer; False when it is one too many."""
        return self._limiter.hit(_ANSWERS, "answer", visit)
