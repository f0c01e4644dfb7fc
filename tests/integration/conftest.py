"""Let the tests of this folder import what stands beside them, and share a finished night."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulated_line import SimulatedLine


@pytest.fixture(scope="session")
def finished_night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedLine]:
    """A published night with a fault of the rows and one of a whole source; never changed: take a copy."""
    from simulated_line import SCALE, TWO_FAULTS, simulated_line

    with simulated_line(tmp_path_factory.mktemp("finished") / "home", scale=SCALE, faults=TWO_FAULTS) as line:
        assert set(line.land_all(line.night)) == {"1080-karlskrona"}
        line.build_and_publish(line.night)
        yield line
