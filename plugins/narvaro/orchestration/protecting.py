"""Whose rows may not be named: pupils with protected identity, in whatever has reached our door."""

from __future__ import annotations

from typing import TYPE_CHECKING

from narvaro.landing import hidden_people, marked_people
from narvaro.orchestration.loads import load_paths
from narvaro.orchestration.standing_night import files_of
from narvaro.sources import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date
    from pathlib import Path

    import pyarrow as pa

    from narvaro.ledger import LoadRecord
    from narvaro.orchestration.line import Line


def people_not_to_name(line: Line, source_name: str, night: date) -> frozenset[str]:
    """Give the records of a source whose pupil carries a mark, whatever was thought of the load that brought it.

    A mark counts from any night of the source, and from the pupils of every other source.

    Raises:
        LandingError: the landing folder cannot be written.
    """
    own = [load for load in line.ledger.loads(source=source_name) if load.status != "superseded"]
    others = [
        load for load in line.ledger.accepted_loads(night) if load.entity == "pupils" and load.source != source_name
    ]
    return hidden_people(_files(line, [*own, *others]), ENTITIES, line.settings.landing_dir, source_name)


def marks_that_wait(line: Line, night: date) -> pa.Table:
    """Give the records marked in nights that are not accepted, for a mark does not wait for a source to be mended.

    Only nights after the source's last accepted one: what came before it was told again, or was wrong.

    Raises:
        LandingError: the landing folder cannot be written.
    """
    accepted = {
        status.source: status.last_good_night
        for status in line.ledger.source_status(night=night)
        if status.last_good_night is not None
    }
    waiting = [
        load
        for load in line.ledger.loads()
        if load.status not in {"accepted", "superseded"}
        and load.night <= night
        and (load.source not in accepted or load.night > accepted[load.source])
    ]
    return marked_people(_files(line, waiting), ENTITIES, line.settings.landing_dir)


def _files(line: Line, loads: Sequence[LoadRecord]) -> dict[str, list[Path]]:
    """Give the files of loads by entity; what was never accepted may have been removed since."""
    standing = [load for load in loads if load.status == "accepted" or _is_there(load_paths(line.settings, load))]
    return files_of(line, standing)


def _is_there(paths: Collection[Path]) -> bool:
    """Tell whether every file of a load is still there."""
    return all(path.is_file() for path in paths)
