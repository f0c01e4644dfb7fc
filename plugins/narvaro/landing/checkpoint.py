"""How far a night's landing has come, so that a killed one can go on where its last finished part ends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from narvaro.landing.disk import create_private_file, disk_errors, flush_to_disk
from narvaro.landing.manifest import LandedFile

CHECKPOINT_NAME = "checkpoint.json"
_VERSION = 1


class Checkpoints(Protocol):
    """Where one night's checkpoint is kept; it must outlive the process."""

    def load(self) -> dict[str, Any] | None:
        """Give what was saved last, None when there is nothing."""

    def save(self, checkpoint: dict[str, Any]) -> None:
        """Replace what was saved."""

    def clear(self) -> None:
        """Remove what was saved."""


@dataclass(frozen=True, slots=True)
class FileCheckpoints:
    """Keeps the checkpoint as a file for us alone; it holds a page token."""

    path: Path

    def load(self) -> dict[str, Any] | None:
        """Give what was saved last, None when there is nothing that can be read."""
        try:
            saved = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return saved if isinstance(saved, dict) else None

    def save(self, checkpoint: dict[str, Any]) -> None:
        """Replace what was saved, whole or not at all."""
        partial = self.path.with_name(f".{self.path.name}")
        with disk_errors(self.path):
            partial.unlink(missing_ok=True)
            create_private_file(partial)
            partial.write_text(json.dumps(checkpoint), encoding="utf-8")
            flush_to_disk(partial)
            partial.replace(self.path)
            flush_to_disk(self.path.parent)

    def clear(self) -> None:
        """Remove what was saved."""
        with disk_errors(self.path):
            self.path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Part:
    """One finished file of an entity, the resource that gave it, and the number of its first row."""

    file: LandedFile
    resource: str
    first_row: int


@dataclass(frozen=True, slots=True)
class StagedEntity:
    """What is finished of one entity, in which columns; `repeated` rows came again on the wire and were left out."""

    load_id: str
    fingerprint: str = ""
    parts: tuple[Part, ...] = ()
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One night's landing at a mark.

    `rests_on` is all that must be the same for going on. `walk` is the resource under way,
    with the token and number of its last landed page. `tries` counts the runs that have
    begun here without coming any further.
    """

    rests_on: Mapping[str, Any]
    complete: tuple[str, ...]
    walk: tuple[str, str, int] | None = field(repr=False)
    server_date: datetime | None
    entities: Mapping[str, StagedEntity]
    tries: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain JSON values."""
        return {
            "version": _VERSION,
            "rests_on": dict(self.rests_on),
            "complete": list(self.complete),
            "walk": list(self.walk) if self.walk else None,
            "server_date": self.server_date.isoformat() if self.server_date else None,
            "entities": {name: asdict(entity) for name, entity in self.entities.items()},
            "tries": self.tries,
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Checkpoint | None:
        """Read it from plain JSON values; None when it is damaged or of another version."""
        try:
            if plain["version"] != _VERSION:
                return None
            resource_token_page = plain["walk"]
            return cls(
                rests_on=dict(plain["rests_on"]),
                complete=tuple(map(str, plain["complete"])),
                walk=_walk(*resource_token_page) if resource_token_page else None,
                server_date=datetime.fromisoformat(plain["server_date"]) if plain["server_date"] else None,
                entities={name: _staged_entity(entity) for name, entity in plain["entities"].items()},
                tries=int(plain["tries"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            return None


def _walk(resource: str, token: str, page: int) -> tuple[str, str, int]:
    """Give the walk that was under way."""
    return str(resource), str(token), int(page)


def _staged_entity(plain: Mapping[str, Any]) -> StagedEntity:
    """Read one entity from its plain JSON values."""
    parts = [Part(LandedFile(**part["file"]), str(part["resource"]), int(part["first_row"])) for part in plain["parts"]]
    return StagedEntity(str(plain["load_id"]), str(plain["fingerprint"]), tuple(parts), int(plain["repeated"]))
