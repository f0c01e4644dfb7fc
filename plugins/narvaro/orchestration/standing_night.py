"""A source's standing rows with one night beside them, for those who ask what the night would change."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from narvaro.landing import standing_rows
from narvaro.orchestration.loads import load_paths
from narvaro.sources import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import date
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from narvaro.ledger import LoadRecord
    from narvaro.orchestration.line import Line


def standing_beside(
    line: Line, source_name: str, night: date, tonight: Mapping[str, Sequence[Path]], *, with_later: bool = False
) -> AbstractContextManager[DuckDBPyConnection]:
    """Open what stood of a source before a night, beside the files of that night.

    `with_later` takes what later nights have brought to what stood: a night that is filled in afterwards reads from
    where they ended.

    Raises:
        LandingError: the landing folder cannot be written.
    """
    accepted = line.ledger.accepted_loads(None if with_later else night, source=source_name)
    earlier = [load for load in accepted if load.night != night]
    return standing_rows(files_of(line, earlier), tonight, ENTITIES, line.settings.landing_dir)


def files_of(line: Line, loads: Iterable[LoadRecord]) -> dict[str, list[Path]]:
    """Give the files of loads by entity."""
    files: dict[str, list[Path]] = defaultdict(list)
    for load in loads:
        files[load.entity] += load_paths(line.settings, load)
    return files
