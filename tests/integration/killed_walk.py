"""Landing a source in another process that is killed once a checkpoint stands in the middle of a walk."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date


def land_and_be_killed(source: str, night: date, resource: str, page: int, moment: str) -> None:
    """Land with a checkpoint at every page; die before or after the first one at or behind the page."""
    from narvaro.landing import staging
    from narvaro.orchestration import landing_steps
    from narvaro.orchestration.line import Line
    from narvaro.sources.ss12000 import gathering

    staging.ENOUGH_ROWS = gathering.PAGES_A_BATCH = 1
    save = staging.Staging._save

    def lethal(self: staging.Staging, **arguments: Any) -> None:
        is_there = self._walk is not None and self._walk[0] == resource and self._walk[2] >= page
        if moment == "after":
            save(self, **arguments)
        if is_there:
            os.kill(os.getpid(), signal.SIGKILL)
        if moment == "before":
            save(self, **arguments)

    staging.Staging._save = lethal
    landing_steps.land(Line.open(), source, night)
