"""A full disk costs nothing that stood, and the next run with room mends it."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import duckdb
import pytest

from narvaro.errors import BuildError, LandingError, LedgerError, PublishError
from narvaro.ledger import Ledger
from narvaro.orchestration import county_steps, landing_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from simulated_line import SimulatedLine

    from narvaro.orchestration.line import Line

SOURCE = "1083-solvesborg"
KB, MB = 1024, 1024 * 1024


@pytest.fixture(scope="module")
def line(finished_night: SimulatedLine, tmp_path_factory: pytest.TempPathFactory) -> SimulatedLine:
    """An installation after a first night."""
    return finished_night.copied_to(tmp_path_factory.mktemp("roomy") / "home")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Give a file system of so many bytes; only root may make one."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(size: int) -> Path:
        options = f"size={size},mode=700"
        if not _system("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)):
            pytest.skip("a small file system can be mounted by root only")
        return folder

    yield mount
    _system("umount", str(folder))


def _system(command: str, *arguments: str) -> bool:
    """Run a command of the system; False when it fails or is not there."""
    program = shutil.which(command)
    if program is None:
        return False
    return subprocess.run([program, *arguments], capture_output=True, check=False).returncode == 0


@contextmanager
def filled(folder: Path, *, leaving: int = 0) -> Iterator[None]:
    """Take the bytes that are free in a folder but for a few, and give them back."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (MB, 4 * KB, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
        file.truncate(max(0, file.tell() - leaving))
    yield
    ballast.unlink()


def with_settings(line: SimulatedLine, **changes: object) -> Line:
    return replace(line.line, settings=replace(line.line.settings, **changes))


def files_under(folder: Path) -> dict[str, bytes]:
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: content for name, content in found.items() if name != "ballast" and not name.endswith(".lock")}


def test_landing_on_a_full_disk_leaves_nothing_and_lands_whole_with_room(
    line: SimulatedLine, small_disk: Callable[[int], Path]
):
    disk = small_disk(256 * KB)
    night = line.night + timedelta(days=3)
    line.simulator.set_clock(line.line.county.night_bound_at(night))
    cramped = with_settings(line, landing_dir=disk)
    before = line.line.ledger.cursors(SOURCE)
    with filled(disk), pytest.raises(LandingError, match="the disk is full, so nothing of this night was landed"):
        landing_steps.land(cramped, SOURCE, night)
    assert files_under(disk) == {}
    assert line.line.ledger.night(SOURCE, night) is None
    assert line.line.ledger.cursors(SOURCE) == before


@pytest.mark.parametrize("room", [8 * KB, 40 * KB])
def test_disk_that_fills_while_landing_leaves_nothing(
    line: SimulatedLine, small_disk: Callable[[int], Path], room: int
):
    disk = small_disk(room)
    fresh = replace(with_settings(line, landing_dir=disk), ledger=Ledger.open(f"sqlite:///{disk.parent / 'ledger.db'}"))
    with pytest.raises(LandingError, match="the disk is full"):
        landing_steps.land(fresh, SOURCE, line.night)
    # By which key rows are keyed is said before the first of them, in public names.
    assert files_under(disk).keys() <= {".key.json"}
    assert fresh.ledger.night(SOURCE, line.night) is None
    assert _system("mount", "-o", f"remount,size={32 * MB}", str(disk))
    record, error = landing_steps.land_and_judge(fresh, SOURCE, line.night)
    assert (record.status, error) == ("accepted", None)


@pytest.mark.parametrize("room", [0, 4 * MB])
def test_build_on_a_full_disk_leaves_the_last_warehouse(
    line: SimulatedLine, small_disk: Callable[[int], Path], room: int
):
    disk = small_disk(64 * MB)
    warehouse_path = disk / "warehouse.duckdb"
    shutil.copy(line.line.settings.warehouse_path, warehouse_path)
    before = files_under(disk)
    cramped = with_settings(line, warehouse_path=warehouse_path)
    later = line.night + timedelta(days=1)
    with filled(disk, leaving=room):
        with pytest.raises(BuildError, match="Free some space"):
            county_steps.build(cramped, later)
        assert files_under(disk) == before


def test_publication_on_a_full_disk_leaves_the_last_release(line: SimulatedLine, small_disk: Callable[[int], Path]):
    disk = small_disk(64 * MB)
    cramped = with_settings(line, published_dir=disk)
    county_steps.publish(cramped, line.night)
    before = files_under(disk)
    assert before
    later = line.night + timedelta(days=1)
    with filled(disk):
        with pytest.raises(PublishError, match="The last release stands"):
            county_steps.publish(cramped, later)
        assert files_under(disk) == before
    with duckdb.connect(str(disk / "narvaro.duckdb"), read_only=True) as store:
        assert store.execute("select night from releases").fetchall() == [(line.night,)]
    assert later not in {release.night for release in line.line.ledger.releases()}
    assert county_steps.publish(cramped, later).startswith("Published release")


def test_full_disk_under_the_ledger_is_told_and_the_night_can_be_run_again(
    line: SimulatedLine, small_disk: Callable[[int], Path]
):
    disk = small_disk(1 * MB)
    landing_dir = disk.parent / "landing"
    fresh = replace(with_settings(line, landing_dir=landing_dir), ledger=Ledger.open(f"sqlite:///{disk / 'ledger.db'}"))
    with filled(disk), pytest.raises(LedgerError, match="not full"):
        landing_steps.land(fresh, SOURCE, line.night)
    assert fresh.ledger.night(SOURCE, line.night) is None
    record, error = landing_steps.land_and_judge(fresh, SOURCE, line.night)
    assert (record.status, error) == ("accepted", None)
    known = fresh.ledger.known_load_ids(SOURCE)
    assert {path.name for path in landing_dir.glob(f"[!.]*/{SOURCE}/*")} == known
