"""Whether a killed night's staging can be gone on from, and what it holds."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from narvaro.errors import NarvaroError, SourceError
from narvaro.landing.checkpoint import Checkpoint, Checkpoints
from narvaro.landing.manifest import load_dir
from narvaro.landing.staged import is_whole

# Runs that may begin at the same checkpoint before it is held to be what stops them.
MOST_TRIES = 3


def saved_checkpoint(
    checkpoints: Checkpoints, staging: Path, source: str, rests_on: Mapping[str, Any]
) -> Checkpoint | None:
    """Give the checkpoint to go on from; None when there is none, or when the night begins anew."""
    plain = checkpoints.load()
    checkpoint = Checkpoint.from_dict(plain) if plain else None
    if checkpoint is None or checkpoint.tries >= MOST_TRIES or checkpoint.rests_on != rests_on:
        return None
    folders = {name: load_dir(staging, name, source, staged.load_id) for name, staged in checkpoint.entities.items()}
    if not all(is_whole(folders[name], staged) for name, staged in checkpoint.entities.items()):
        return None
    return replace(checkpoint, tries=checkpoint.tries + 1)


def remove_unfinished(staging: Path, source: str, checkpoint: Checkpoint) -> None:
    """Remove what lies in a staging folder beside the finished parts."""
    known = {
        load_dir(staging, name, source, staged.load_id) / part.file.name
        for name, staged in checkpoint.entities.items()
        for part in staged.parts
    }
    folders = {path.parent for path in known}
    for path in staging.glob("*/*/*"):
        if path not in folders:
            shutil.rmtree(path)
    for path in staging.glob("*/*/*/*"):
        if path not in known:
            path.unlink()


def may_go_on(error: BaseException | None) -> bool:
    """Tell whether a run that ended so is worth going on from: the source fell silent, or we were stopped."""
    return error is not None and (isinstance(error, SourceError) or not isinstance(error, NarvaroError))
