"""Whoever shares the machine reads nothing of ours but what is published."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest
from simulated_line import SCALE, TWO_FAULTS, SimulatedLine, simulated_line

from narvaro.alerts.catcher import MailCatcher
from narvaro.orchestration import county_steps
from narvaro.orchestration.key_rotation import rotate_key
from narvaro.orchestration.line import Line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOREIGN_BITS = stat.S_IRWXG | stat.S_IRWXO
# Aggregated and protected tables are made to be read.
PUBLIC = "published"
STORES = {"landing", "quarantine", "warehouse", "secrets", "mail", "ledger.db"}


@pytest.fixture
def careless_umask() -> Iterator[None]:
    """As on a machine whose administrator shares everything by default."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("careless_umask")
def test_every_restricted_store_is_for_us_alone(tmp_path: Path):
    home = tmp_path / "home"
    with (
        simulated_line(home, scale=SCALE, faults=TWO_FAULTS) as line,
        MailCatcher(home / "mail") as catcher,
    ):
        line.send_letters_to("127.0.0.1", catcher.port)
        line.line.settings.connections_path.chmod(0o600)
        line.land_all(line.night)
        line.build_and_publish(line.night)
        county_steps.send_letters(line.line, line.night)
        walk(line)
        rotate_key(Line.open(line.line.settings, during_switch=True))
        walk(line)


def walk(line: SimulatedLine) -> None:
    """No file or folder of a store has a bit for others; what lies beside the stores lies in a closed folder."""
    home = line.line.settings.home
    assert {path.name for path in home.iterdir()} >= STORES
    stores = [path for name in STORES for path in [home / name, *(home / name).rglob("*")]]
    beside = [path for path in home.iterdir() if path.name not in {*STORES, PUBLIC}]
    open_ones = [
        f"{stat.S_IMODE(path.stat().st_mode):03o} {path.relative_to(home)}"
        for path in sorted([*stores, *beside])
        if not path.is_symlink() and path.stat().st_mode & FOREIGN_BITS
    ]
    assert open_ones == []
