"""All landed rows replaced by changed ones, at one moment: staged beside, then switched, whatever is killed when.

Until the plan is written the old rows stand and what is staged counts for nothing. From then on
the new rows are to stand, and whoever comes next finishes the renaming. In between nobody may read.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from narvaro.at_rest import lies_as_wanted, open_parquet
from narvaro.errors import LandingError
from narvaro.landing.disk import (
    STAGING,
    create_private_file,
    disk_errors,
    flush_to_disk,
    make_private_dir,
    source_lock,
)
from narvaro.landing.key_state import put_keys_in_force
from narvaro.landing.manifest import MANIFEST_NAME, LandedFile, Manifest, read_manifest, verify_load
from narvaro.landing.rewriting import Change, write_changed

SWITCHING = ".switching"
_PLAN = "plan.json"


@dataclass(frozen=True, slots=True)
class Staged:
    """What a staging has written: how many loads and files it will replace, and their rows."""

    loads: int
    files: int
    rows: int


def is_switching(landing_dir: Path) -> bool:
    """Tell whether old and new rows may lie side by side, so that nobody may read them."""
    return (landing_dir / SWITCHING / _PLAN).exists()


@contextmanager
def all_sources_locked(landing_dir: Path, sources: Sequence[str]) -> Iterator[None]:
    """Hold the landing of these sources, and of all that have ever landed, alone.

    Raises:
        BusyError: another process lands one of them.
    """
    landed = {path.name for path in landing_dir.glob("[!.]*/*")}
    with ExitStack() as locks:
        for source in sorted(landed | set(sources)):
            locks.enter_context(source_lock(landing_dir, source))
        yield


def stage_all(
    landing_dir: Path, wants: Callable[[Sequence[str]], bool], change: Change, key_ids: Sequence[str]
) -> Staged:
    """Write a changed copy of every landed file whose columns `wants` says yes to, and plan the switch.

    The caller holds every source's lock.

    Raises:
        LandingError: a file is damaged, or the disk is full; the old rows stand.
    """
    place = landing_dir / SWITCHING
    manifests: list[Manifest] = []
    with disk_errors(place):
        shutil.rmtree(place, ignore_errors=True)
        make_private_dir(place)
        for folder in sorted(landing_dir.glob("[!.]*/*/*")):
            target = place / folder.relative_to(landing_dir)
            make_private_dir(target)
            manifests.append(_stage_load(folder, target, wants, change, ".".join(key_ids)))
        _write_private(place / _PLAN, json.dumps({"keys": list(key_ids)}))
        flush_to_disk(place)
    files = [file for manifest in manifests for file in manifest.files]
    return Staged(len(manifests), len(files), sum(file.rows for file in files))


def switch(landing_dir: Path) -> None:
    """Put every staged file in its place; may be called again after a kill.

    Raises:
        LandingError: the folder cannot be written.
    """
    place = landing_dir / SWITCHING
    with disk_errors(place):
        folders = set()
        for staged in sorted(path for path in place.glob("*/*/*/*") if path.is_file()):
            target = landing_dir / staged.relative_to(place)
            staged.replace(target)
            folders.add(target.parent)
        for folder in sorted(folders):
            flush_to_disk(folder)
        # What killed nights have staged is keyed as of old, and is read anew.
        shutil.rmtree(landing_dir / STAGING, ignore_errors=True)


def landed_manifests(landing_dir: Path) -> list[Manifest]:
    """Give the manifest of every load that stands in its place.

    Raises:
        LandingError: one is missing or damaged.
    """
    return [read_manifest(path / MANIFEST_NAME) for path in sorted(landing_dir.glob("[!.]*/*/*"))]


def end_switch(landing_dir: Path) -> None:
    """Say that the new rows stand, keyed by the planned secrets, and let everybody read again.

    Raises:
        LandingError: the folder cannot be written.
    """
    place = landing_dir / SWITCHING
    put_keys_in_force(landing_dir, planned_keys(landing_dir))
    with disk_errors(place):
        # The plan goes first: what is left without one counts for nothing.
        (place / _PLAN).unlink()
        flush_to_disk(place)
        shutil.rmtree(place)


def planned_keys(landing_dir: Path) -> tuple[str, ...]:
    """Give the public names of the secrets that the rows are keyed by after the switch.

    Raises:
        LandingError: the plan is damaged.
    """
    path = landing_dir / SWITCHING / _PLAN
    try:
        return tuple(map(str, json.loads(path.read_text(encoding="utf-8"))["keys"]))
    except (OSError, ValueError, KeyError, TypeError):
        message = f"{path}: cannot be read. Restore the landing folder from its backup."
        raise LandingError(message) from None


def _stage_load(
    folder: Path, target: Path, wants: Callable[[Sequence[str]], bool], change: Change, key_id: str
) -> Manifest:
    """Write a load's changed files and its new manifest; files without such columns are left where they are."""
    manifest = read_manifest(folder / MANIFEST_NAME)
    # A new hash must never be given to a file that is no longer what was landed.
    verify_load(folder.parents[2], manifest)
    files: list[LandedFile] = []
    for file in manifest.files:
        path = folder / file.name
        with open_parquet(path) as landed:
            names = landed.schema_arrow.names
        is_anew = wants(names) or not lies_as_wanted(path)
        files.append(write_changed(path, target / file.name, change) if is_anew else file)
    staged = replace(manifest, files=tuple(files), bytes=sum(file.bytes for file in files), key_id=key_id)
    staged.write(target / MANIFEST_NAME)
    flush_to_disk(target)
    return staged


def _write_private(path: Path, text: str) -> None:
    """Write a file for us alone, whole or not at all."""
    partial = path.with_name(f".{path.name}")
    partial.unlink(missing_ok=True)
    create_private_file(partial)
    partial.write_text(text, encoding="utf-8")
    flush_to_disk(partial)
    partial.replace(path)
