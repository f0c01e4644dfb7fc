from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from simulator_wire import SECRET

from narvaro.county import load_county
from narvaro.simulator import Fault, SimulatorConfig, World, build_world, running_simulator

CONFIG_DIR = Path(__file__).resolve().parents[3] / "config"


@pytest.fixture(scope="session")
def blekinge():
    return load_county(CONFIG_DIR / "blekinge")


@pytest.fixture(scope="session")
def stockholm():
    return load_county(CONFIG_DIR)


@pytest.fixture(scope="session")
def small_config():
    return SimulatorConfig(
        seed=7,
        scale=60,
        protected_per_thousand=20,
        movers_per_thousand=40,
        faults=(Fault(source="1080-karlskrona", kind="impossible_minutes", rows=9),),
    )


@pytest.fixture(scope="session")
def small_world(blekinge, small_config) -> World:
    return build_world(blekinge, small_config)


@pytest.fixture(scope="session")
def simulator(small_world):
    with running_simulator(small_world, secret=SECRET) as running:
        yield running


@pytest.fixture
def client(simulator, small_world):
    """A client of the small county; clock and faults are put back afterwards."""
    with httpx.Client(base_url=simulator.base_url, timeout=30) as client:
        yield client
    simulator.set_clock(small_world.as_of)
    simulator.servers.faults = small_world.config.faults


@pytest.fixture
def plant(simulator, client):  # noqa: ARG001 - `client` takes the faults away again
    """Plants faults: whole ones, or one of a source by its keys."""

    def plant(*faults, **one):
        added = [Fault(**{"source": "1080-karlskrona", **one})] if one else []
        simulator.servers.faults = (*faults, *added)

    return plant
