"""Removes what killed runs left: staging, and loads that the ledger never came to know."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Collection
from pathlib import Path

from narvaro.landing.checkpoint import CHECKPOINT_NAME
from narvaro.landing.disk import STAGING, disk_errors, source_lock

_NIGHT = re.compile(r"\d{4}-\d{2}-\d{2}")


def sweep(landing_dir: Path, source: str, known_load_ids: Collection[str] | Callable[[], Collection[str]]) -> list[str]:
    """Remove a source's unknown loads and staging; gives the ids of the removed loads.

    Staging that a checkpoint counts on is left: the source's next landing goes on from it or removes it.
    Pass a function where another process may land at the same time: it is asked once the
    lock is held, so that a load recorded a moment ago is known.

    Raises:
        BusyError: another process lands this source.
        LandingError: the folder cannot be written.
    """
    if not landing_dir.is_dir():
        return []
    with source_lock(landing_dir, source), disk_errors(landing_dir):
        for stale in stale_stagings(landing_dir, source):
            if not (stale / CHECKPOINT_NAME).exists():
                shutil.rmtree(stale)
        known = known_load_ids() if callable(known_load_ids) else known_load_ids
        return remove_unknown_loads(landing_dir, source, known)


def stale_stagings(landing_dir: Path, source: str) -> list[Path]:
    """Give a source's staging folders; whoever holds the lock knows that they are dead."""
    # The night's ten characters are cut off, for one source's name may begin another's.
    return [
        path
        for path in (landing_dir / STAGING).glob(f"{source}-*")
        if _NIGHT.fullmatch(path.name.removeprefix(f"{source}-"))
    ]


def remove_unknown_loads(landing_dir: Path, source: str, known_load_ids: Collection[str]) -> list[str]:
    """Remove the load folders of a source whose ids are not known."""
    known = set(known_load_ids)
    unknown = sorted(path for path in landing_dir.glob(f"[!.]*/{source}/*") if path.name not in known)
    for path in unknown:
        shutil.rmtree(path)
    return [path.name for path in unknown]
