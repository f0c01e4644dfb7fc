"""The folder that readers see: whole releases side by side, and one link that says which is current.

published/
├── narvaro.duckdb, csv, index.html, release.json   links through `current`; they never change
├── current → releases/2026-09-19-3f9a61c02b7e      the one thing that a publication swaps
└── releases/2026-09-19-3f9a61c02b7e/               the files themselves; never changed afterwards
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from narvaro.errors import BusyError, PublishError

if TYPE_CHECKING:
    from collections.abc import Iterator

ENTRANCES = ("narvaro.duckdb", "csv", "index.html", "release.json")
# The one before stays for readers that are in the middle of it.
KEPT_RELEASES = 2
_BUILDING = ".building"
MANIFEST = "release.json"


@contextmanager
def held_shelf(published_dir: Path) -> Iterator[Path]:
    """Hold the folder for one publication and sweep what a killed one left.

    Raises:
        BusyError: another publication holds it.
        PublishError: it cannot be written (rights, full disk, no links).
    """
    try:
        (published_dir / "releases").mkdir(parents=True, exist_ok=True)
        with (published_dir / ".lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                message = f"Another publication holds {published_dir.name}. Wait for it to end, then try again."
                raise BusyError(message) from None
            _sweep(published_dir)
            try:
                yield published_dir
            finally:
                # Half a release would take the room that the disk lacks.
                _sweep(published_dir)
    except OSError as error:
        message = (
            f"{published_dir.name}: {error.strerror or type(error).__name__}. The last release stands; "
            "make room or give the right to write, then publish again."
        )
        raise PublishError(message) from error


def building_dir(published_dir: Path) -> Path:
    """Give an empty folder beside the releases, to build the next one in."""
    folder = published_dir / "releases" / _BUILDING
    (folder / "csv").mkdir(parents=True)
    return folder


def file_hashes(folder: Path) -> dict[str, str]:
    """Give the SHA-256 of every file but the manifest, by its path inside the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def shelve(published_dir: Path, release_id: str, building: Path) -> None:
    """Put a built release on the shelf and make it current; a reader sees the old or the new."""
    _sync(building)
    target = published_dir / "releases" / release_id
    if target.exists():
        _mend(target, building)
    else:
        building.rename(target)
    _sync(target.parent)
    _link(published_dir / "current", f"releases/{release_id}")
    for name in ENTRANCES:
        _link(published_dir / name, f"current/{name}")
    _sync(published_dir)


def withdraw_earlier(published_dir: Path) -> list[str]:
    """Remove every release but the current one, for what they show may no longer be shown; give their names."""
    kept = (published_dir / "current").resolve()
    earlier = [path for path in (published_dir / "releases").iterdir() if path.is_dir() and path != kept]
    for path in earlier:
        shutil.rmtree(path)
    return sorted(path.name for path in earlier)


def is_current(published_dir: Path, release_id: str) -> bool:
    """Tell whether the release is the current one, its files as it left them, every entrance in place."""
    links = {"current": f"releases/{release_id}"} | {name: f"current/{name}" for name in ENTRANCES}
    if any(not _leads_to(published_dir / name, target) for name, target in links.items()):
        return False
    folder = published_dir / "releases" / release_id
    try:
        wanted = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError):
        return False
    return bool(file_hashes(folder) == wanted)


def _mend(target: Path, building: Path) -> None:
    """Give a release of the same id its bytes back, file by file: the same id means the same bytes."""
    files = {path.relative_to(building) for path in building.rglob("*") if path.is_file()}
    for name in sorted(files):
        (target / name).parent.mkdir(exist_ok=True)
        (building / name).replace(target / name)
    for stranger in [path for path in target.rglob("*") if path.is_file() and path.relative_to(target) not in files]:
        stranger.unlink()


def _link(link: Path, target: str) -> None:
    """Point a link at its target in one step; what is there already is left alone."""
    if _leads_to(link, target):
        return
    beside = link.with_name(f"{_BUILDING}-{link.name}")
    beside.symlink_to(target)
    beside.replace(link)


def _leads_to(link: Path, target: str) -> bool:
    """Tell whether a link exists and has this target."""
    return link.is_symlink() and link.readlink() == Path(target)


def _sync(folder: Path) -> None:
    """Have the disk keep a folder, its files and its names before anyone relies on them."""
    for path in [folder, *(folder.rglob("*") if folder.name == _BUILDING else ())]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _sweep(published_dir: Path) -> None:
    """Remove what a killed publication left, and releases that nobody is in the middle of."""
    for leftover in published_dir.glob(f"{_BUILDING}-*"):
        leftover.unlink()
    shutil.rmtree(published_dir / "releases" / _BUILDING, ignore_errors=True)
    current = published_dir / "current"
    if not current.is_symlink():
        return
    kept = current.resolve()
    others = [path for path in (published_dir / "releases").iterdir() if path.is_dir() and path != kept]
    others.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in others[KEPT_RELEASES - 1 :]:
        shutil.rmtree(path)
