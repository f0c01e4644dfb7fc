"""Where the files of a load are, from what the ledger says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from narvaro.quality.quarantine import REMARKS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from narvaro.ledger import LoadRecord
    from narvaro.settings import Settings


def load_paths(settings: Settings, load: LoadRecord) -> list[Path]:
    """Give the Parquet files of a load."""
    folder = settings.landing_dir / load.entity / load.source / load.load_id
    return [folder / file.name for file in load.files]


def quarantine_files(settings: Settings, loads: Iterable[LoadRecord]) -> list[Path]:
    """Give the files that name the rows held back from these loads."""
    return _existing(settings.quarantine_dir, loads)


def remark_files(settings: Settings, loads: Iterable[LoadRecord]) -> list[Path]:
    """Give the files that name the rows of these loads that are doubtful and yet counted."""
    return _existing(settings.quarantine_dir / REMARKS, loads)


def _existing(folder: Path, loads: Iterable[LoadRecord]) -> list[Path]:
    """Give the per-load files that are there; a load without a fault has none."""
    paths = (folder / load.entity / load.source / f"{load.load_id}.parquet" for load in loads)
    return [path for path in paths if path.is_file()]
