"""Let the tests of this folder import what stands beside them, and share a finished night."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

if TYPE_CHECKING:
    from collections.abc import Iterator

    from one_source import OneSource
    from simulated_line import SimulatedLine


@pytest.fixture(scope="session")
def finished_night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedLine]:
    """A published night with a fault of the rows and one of a whole source; never changed: take a copy."""
    from simulated_line import SCALE, TWO_FAULTS, simulated_line

    with simulated_line(tmp_path_factory.mktemp("finished") / "home", scale=SCALE, faults=TWO_FAULTS) as line:
        assert set(line.land_all(line.night)) == {"1080-karlskrona"}
        line.build_and_publish(line.night)
        yield line


@pytest.fixture
def in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for no server."""
    from one_source import wait_for_nobody

    wait_for_nobody(monkeypatch)


@pytest.fixture(scope="module")
def unread(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneSource]:
    """One source's installation that has read nothing yet; never changed: take `new`."""
    from one_source import one_source

    with one_source(tmp_path_factory.mktemp("unread") / "home") as installation:
        installation.plant()
        yield installation


@pytest.fixture(scope="module")
def read_once(unread: OneSource, tmp_path_factory: pytest.TempPathFactory) -> OneSource:
    """The same after a first night that went well, suites and all; never changed: take `source`."""
    from one_source import copied

    installation = copied(unread, tmp_path_factory.mktemp("read") / "home")
    assert installation.night(installation.first_night).status == "accepted", installation.error
    installation.assert_true(installation.first_night)
    return installation


@pytest.fixture
def new(unread: OneSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OneSource]:
    """An installation before its first night, judged without the suites."""
    from one_source import copied, pass_every_door, wait_for_nobody

    wait_for_nobody(monkeypatch)
    pass_every_door(monkeypatch)
    yield copied(unread, tmp_path / "home")
    unread.plant()


@pytest.fixture
def source(read_once: OneSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OneSource]:
    """An installation whose first night went well, judged without the suites."""
    from one_source import copied, pass_every_door, wait_for_nobody

    wait_for_nobody(monkeypatch)
    pass_every_door(monkeypatch)
    yield copied(read_once, tmp_path / "home")
    read_once.plant()
