"""What a load is: its files, where it came from, and how much of it there is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from narvaro.errors import LandingError
from narvaro.landing.disk import create_private_file, disk_errors, flush_to_disk

MANIFEST_NAME = "manifest.json"
_MOMENTS = ("until", "cursor_from", "cursor_to", "server_date")
_SHOWN_DIGITS = 16


@dataclass(frozen=True, slots=True)
class LandedFile:
    """One file of a load."""

    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """One load: a source's changes of one entity in one night.

    `received` is what came over the wire, `expected` what the source said would come,
    None where it says nothing. The next read of the entity begins at `cursor_to`. `key_id` is the
    public name of the key that its pseudonyms are made by.
    """

    load_id: str
    source: str
    entity: str
    night: date
    rows: int
    bytes: int
    until: datetime
    cursor_from: datetime | None
    cursor_to: datetime
    server_date: datetime | None
    schema_fingerprint: str
    received: int
    expected: int | None
    files: tuple[LandedFile, ...]
    key_id: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Give the manifest as plain JSON values."""
        plain = asdict(self)
        plain["night"] = self.night.isoformat()
        for name in _MOMENTS:
            plain[name] = plain[name].isoformat() if plain[name] else None
        plain["files"] = [asdict(file) for file in self.files]
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Manifest:
        """Read a manifest from its plain JSON values."""
        moments = {name: datetime.fromisoformat(plain[name]) if plain[name] else None for name in _MOMENTS}
        files = tuple(LandedFile(**file) for file in plain["files"])
        return cls(**{**plain, **moments, "night": date.fromisoformat(plain["night"]), "files": files})

    def write(self, path: Path) -> None:
        """Write the manifest to a new file, and have it on the disk."""
        with disk_errors(path):
            create_private_file(path)
            path.write_text(json.dumps(self.to_dict(), indent=2, sort_keys=True) + "\n", encoding="utf-8")
            flush_to_disk(path)


def load_dir(landing_dir: Path, entity: str, source: str, load_id: str) -> Path:
    """Give the folder of a load."""
    return landing_dir / entity / source / load_id


def load_files(landing_dir: Path, manifest: Manifest) -> list[Path]:
    """Give the paths of a load's files."""
    folder = load_dir(landing_dir, manifest.entity, manifest.source, manifest.load_id)
    return [folder / file.name for file in manifest.files]


def read_manifest(path: Path) -> Manifest:
    """Read a manifest file.

    Raises:
        LandingError: it is missing or damaged.
    """
    try:
        return Manifest.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        message = f"{path}: the manifest is missing or damaged. Land the source's night again."
        raise LandingError(message) from None


def verify_load(landing_dir: Path, manifest: Manifest) -> None:
    """Hold a load's files against their hashes.

    Raises:
        LandingError: a file is missing or is not the one that was landed.
    """
    for file, path in zip(manifest.files, load_files(landing_dir, manifest), strict=True):
        try:
            is_same = path.stat().st_size == file.bytes and sha256(path) == file.sha256
        except OSError as error:
            message = f"{path}: cannot be read ({error.strerror}). Restore the landing folder from its backup."
            raise LandingError(message) from None
        if not is_same:
            message = f"{path}: not the file that was landed. Restore the landing folder from its backup."
            raise LandingError(message)


def sha256(path: Path) -> str:
    """Give a file's hash."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def schema_fingerprint(schema: pa.Schema) -> str:
    """Give a name for the columns and types of a load, the same for the same schema."""
    text = "\n".join(f"{field.name}:{field.type}" for field in schema)
    return hashlib.sha256(text.encode()).hexdigest()[:_SHOWN_DIGITS]
