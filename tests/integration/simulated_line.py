"""A whole installation in a temporary folder, fed by simulated school systems over real HTTP."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from narvaro.county import load_county
from narvaro.orchestration import county_steps, landing_steps
from narvaro.orchestration.line import Line
from narvaro.settings import PROJECT_DIR, Settings
from narvaro.simulator import (
    RunningSimulator,
    SimulatorConfig,
    World,
    build_world,
    connections,
    load_simulator_config,
    running_simulator,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from narvaro.errors import NarvaroError

STOCKHOLM = PROJECT_DIR / "config"
BLEKINGE = PROJECT_DIR / "config" / "blekinge"
# One of single rows and one of a whole source, as the finished night of conftest.py has them.
TWO_FAULTS = (
    {"source": "1060-olofstrom", "kind": "impossible_minutes", "rows": 3},
    {"source": "1080-karlskrona", "kind": "wrong_header"},
)
SCALE = 150.0
SECRET = "secret of the simulated systems"


@dataclass
class SimulatedLine:
    """One installation, its simulated world and its first night."""

    line: Line
    world: World
    simulator: RunningSimulator
    night: date
    env: dict[str, str]

    def land_all(self, night: date) -> dict[str, NarvaroError]:
        """Land and judge every source at the night's own clock; give the failures."""
        self.simulator.set_clock(self.line.county.night_bound_at(night))
        failures = {}
        for source in self.line.county.enabled_sources:
            _, error = landing_steps.land_and_judge(self.line, source.name, night)
            if error is not None:
                failures[source.name] = error
        return failures

    def copied_to(self, home: Path) -> SimulatedLine:
        """Copy the installation, so that what is done to the copy is not done to this one."""
        shutil.copytree(self.line.settings.home, home, symlinks=True)
        env = {**self.env, "NARVARO_HOME": str(home)}
        return replace(self, line=Line.open(Settings.from_env(env)), env=env)

    def set_connection(self, conn_id: str, **entry: object) -> None:
        """Add a connection to the installation's file, or change some of one's values."""
        path = self.line.settings.connections_path
        entries = json.loads(path.read_text(encoding="utf-8"))
        entries[conn_id] = entries.get(conn_id, {}) | entry
        path.write_text(json.dumps(entries), encoding="utf-8")

    def send_letters_to(self, host: str, port: int) -> None:
        """Name the mail server."""
        self.set_connection("narvaro_smtp", conn_type="smtp", host=host, port=port, extra={"tls": "none"})

    def build_and_publish(self, night: date) -> str:
        """Build, check and publish the county."""
        county_steps.build(self.line, night)
        county_steps.check_marts(self.line, night)
        return county_steps.publish(self.line, night)


@contextmanager
def simulated_line(home: Path, config_dir: Path = BLEKINGE, **changes: object) -> Iterator[SimulatedLine]:
    """Open an installation under `home`; `changes` are simulator parameters other than the county's own."""
    county = load_county(config_dir)
    config = load_simulator_config(config_dir)
    config = SimulatorConfig.model_validate(config.model_dump(exclude_unset=True) | changes)
    world = build_world(county, config)
    env = {**os.environ, "NARVARO_HOME": str(home), "NARVARO_CONFIG_DIR": str(config_dir)}
    settings = Settings.from_env(env)
    settings.connections_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with running_simulator(world, secret=SECRET) as simulator:
        entries = connections(county, simulator.base_url, SECRET)
        settings.connections_path.write_text(json.dumps(entries), encoding="utf-8")
        yield SimulatedLine(Line.open(settings), world, simulator, county.night_of(config.as_of), env)
