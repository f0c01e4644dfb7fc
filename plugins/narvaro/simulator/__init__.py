"""A county of municipal school systems, with known truth and with every fault.

The simulator is a stand-in for the systems of the municipalities: it knows pupils, timetables and
registers, answers as SS 12000 servers do, and keeps apart what the statistics should say.
"""

from __future__ import annotations

from narvaro.simulator.building import build_world
from narvaro.simulator.canaries import canaries
from narvaro.simulator.config import AbsenceModel, SimulatorConfig, load_simulator_config
from narvaro.simulator.fault_kinds import FAULT_KINDS
from narvaro.simulator.faults import Fault, load_faults
from narvaro.simulator.serving import RunningSimulator, connections, running_simulator, serve
from narvaro.simulator.truth import Truth
from narvaro.simulator.wire.app import create_app
from narvaro.simulator.world import World

__all__ = [
    "FAULT_KINDS",
    "AbsenceModel",
    "Fault",
    "RunningSimulator",
    "SimulatorConfig",
    "Truth",
    "World",
    "build_world",
    "canaries",
    "connections",
    "create_app",
    "load_faults",
    "load_simulator_config",
    "running_simulator",
    "serve",
]
