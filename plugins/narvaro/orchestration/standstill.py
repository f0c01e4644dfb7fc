"""Everything that reads or writes landed rows held still, so that rows can be taken away or changed."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from narvaro.errors import BusyError
from narvaro.landing import all_sources_locked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from narvaro.orchestration.line import Line


@contextmanager
def standstill(line: Line) -> Iterator[None]:
    """Hold the night, the landing of every source and the build.

    Raises:
        BusyError: one of them is at work, or a night has landed and is not yet judged.
    """
    from narvaro.warehouse import build_lock

    line.settings.warehouse_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as locks:
        locks.enter_context(line.ledger.lock("night"))
        locks.enter_context(all_sources_locked(line.settings.landing_dir, list(line.county.sources)))
        locks.enter_context(build_lock(line.settings.warehouse_path))
        # A night is judged without its source's lock.
        if waiting := [f"{night.source} {night.night}" for night in line.ledger.nights() if night.status == "landed"]:
            message = f"{', '.join(waiting)}: landed and not yet judged. Wait, or land again; then try again."
            raise BusyError(message)
        yield
