"""What the pages stand on: the installation, the links, the words and the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from narvaro.alerts.links import Links
from narvaro.orchestration.line import Line
from narvaro.web.limits import Limits
from narvaro.web.oidc import SignIn

if TYPE_CHECKING:
    from narvaro.alerts.links import Seal
    from narvaro.county import County
    from narvaro.ledger import Ledger


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Site:
    """One installation's web pages."""

    line: Line
    links: Links
    clock: Callable[[], datetime] = _now
    limits: Limits = field(default_factory=Limits)
    sign_in: SignIn | None = None

    @property
    def county(self) -> County:
        """The county's configuration."""
        return self.line.county

    @property
    def ledger(self) -> Ledger:
        """The operational state."""
        return self.line.ledger

    @property
    def seal(self) -> Seal:
        """What seals sessions and forms."""
        return self.links.seal

    @property
    def is_https(self) -> bool:
        """Whether people reach the pages over TLS."""
        return self.links.base_url.startswith("https://")

    @property
    def cookie(self) -> str:
        """The session's cookie; the prefix makes browsers refuse it from any other host."""
        return "__Host-narvaro" if self.is_https else "narvaro"

    def now(self) -> datetime:
        """Give the moment."""
        return self.clock()

    def today(self) -> date:
        """Give the day that the county's calendars show."""
        return self.now().astimezone(self.county.timezone).date()
