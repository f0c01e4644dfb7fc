"""What a real Airflow makes of a landing that did not end: killed, asked to wait, refused."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from open_ports import free_ports
from simulated_line import SimulatedLine, simulated_line

from narvaro.orchestration.airflow_server import AirflowServer, airflow_env
from narvaro.orchestration.dag_ids import landing_dag_id
from narvaro.orchestration.pools import pools
from narvaro.orchestration.probing import probe_source
from narvaro.orchestration.processes import Processes
from narvaro.settings import Settings
from narvaro.simulator import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KILLED, PATIENT, HOPELESS, DENIED = "1080-karlskrona", "1060-olofstrom", "1081-ronneby", "1082-karlshamn"
RUN = "one_night"
FAULTS = (
    # Long enough to be found and killed while it waits for its second page.
    Fault(source=KILLED, kind="busy", resource="attendances", from_request=2, retry_after="45"),
    Fault(source=PATIENT, kind="busy", retry_after="1200"),
    Fault(source=HOPELESS, kind="busy", retry_after="86400"),
    Fault(source=DENIED, kind="unauthorized"),
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("airflow")]


@dataclass
class Night:
    """One Airflow with the DAGs of four sources running, and the simulated systems that they read."""

    simulated: SimulatedLine
    server: AirflowServer
    processes: Processes

    def task_url(self, source: str) -> str:
        return f"/api/v2/dags/{landing_dag_id(source)}/dagRuns/{RUN}/taskInstances/land_source"

    def wait_for_task(self, source: str, *states: str) -> dict[str, Any]:
        """Wait until a source's landing is in one of these states; gives the task."""
        tasks: list[dict[str, Any]] = []

        def is_there() -> bool:
            tasks[:] = [self.server.call("GET", self.task_url(source))]
            return tasks[0]["state"] in states

        self.processes.wait_until(is_there, what=f"{source} {states}", timeout_seconds=90)
        return tasks[0]

    def wait_for_run(self, source: str) -> str:
        """Wait until a source's run is over; gives how it ended."""
        ended: list[str] = []

        def is_over() -> bool:
            ended[:] = [run["state"] for run in self.server.runs(landing_dag_id(source))]
            return ended[0] in {"success", "failed"}

        self.processes.wait_until(is_over, what=f"the run of {source}", timeout_seconds=90)
        return ended[0]

    def task_state(self, source: str) -> dict[str, Any]:
        """Give what the source's landing keeps in Airflow's task state."""
        found = self.server.call("GET", self.task_url(source) + "/state-store")["task_state_store"]
        return {entry["key"]: entry["value"] for entry in found}

    def decision(self, source: str) -> tuple[float | None, str | None]:
        """Give the wait and the reason that the retry policy decided on; the API does not show them."""
        database = f"file:{self.server.env['AIRFLOW_HOME']}/airflow.db?mode=ro"
        question = "select retry_delay_override, retry_reason from task_instance where dag_id = ? and task_id = ?"
        with closing(sqlite3.connect(database, uri=True)) as connection:
            row: tuple[float | None, str | None] = connection.execute(
                question, (landing_dag_id(source), "land_source")
            ).fetchone()
        return row

    def asked(self, source: str, resource: str) -> int:
        return self.simulated.simulator.servers.requests[f"{source}/v2.0/{resource}"]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    home = tmp_path_factory.mktemp("tries") / "var"
    with simulated_line(home, scale=300.0, faults=()) as simulated:
        changes = {"NARVARO_AIRFLOW_PORT": str(free_ports(1)[0]), "NARVARO_RETRY_DELAY_SECONDS": "1"}
        settings = Settings.from_env(simulated.env | changes)
        server = AirflowServer(settings, airflow_env(settings, {**os.environ, **changes}))
        server.migrate()
        county, servers = simulated.line.county, simulated.simulator.servers
        simulated.simulator.set_clock(county.night_bound_at(simulated.night))
        # A first night asks a source what it can do: that is done before the source gets stuck.
        probe_source(simulated.line, KILLED)
        servers.requests.clear()
        servers.faults = FAULTS
        with Processes(home / "run", home / "logs") as processes:
            server.start(processes)
            sources = {fault.source for fault in FAULTS}
            server.wait_for_dags(processes, {landing_dag_id(source) for source in sources})
            server.set_pools(pools(county))
            for source in sources:
                server.trigger(landing_dag_id(source), RUN, {"night": simulated.night.isoformat()})
            yield Night(simulated, server, processes)


def kill_who_holds(path: Path) -> None:
    """End, without a word, the one process that has a file open."""
    holders = [process for process in psutil.process_iter() if holds(process, path)]
    assert len(holders) == 1, holders
    os.kill(holders[0].pid, signal.SIGKILL)


def holds(process: psutil.Process, path: Path) -> bool:
    try:
        return str(path) in {opened.path for opened in process.open_files()}
    except psutil.Error:
        return False


def test_killed_landing_goes_on_from_its_task_state(night: Night):
    line = night.simulated.line
    night.processes.wait_until(lambda: night.asked(KILLED, "attendances") >= 2, what="a page", timeout_seconds=90)
    whole = {resource: night.asked(KILLED, resource) for resource in ("persons", "groups", "calendarEvents")}
    assert all(whole.values())
    state = night.task_state(KILLED)
    assert set(state) == {"checkpoint", "progress"}
    assert {f"/{resource}" for resource in whole} <= set(state["progress"]["complete"])
    # From here on only Airflow knows how far it had come.
    for beside in (line.settings.landing_dir / ".staging").rglob("checkpoint.json"):
        beside.unlink()
    night.simulated.simulator.servers.faults = tuple(fault for fault in FAULTS if fault.source != KILLED)
    kill_who_holds(line.settings.landing_dir / ".locks" / f"{KILLED}.lock")
    task = night.wait_for_task(KILLED, "success", "failed")
    assert (task["state"], task["try_number"]) == ("success", 2)
    assert whole == {resource: night.asked(KILLED, resource) for resource in whole}
    assert night.wait_for_run(KILLED) == "success"
    assert line.ledger.night(KILLED, night.simulated.night).status == "accepted"
    assert night.task_state(KILLED) == {}


def test_busy_source_is_left_alone_for_as_long_as_it_asked(night: Night):
    assert night.wait_for_task(PATIENT, "up_for_retry", "failed", "success")["state"] == "up_for_retry"
    assert night.decision(PATIENT) == (1200, "the source asked us to wait 1200 s")
    assert night.simulated.line.ledger.night(PATIENT, night.simulated.night).status == "silent"


@pytest.mark.parametrize("source", [HOPELESS, DENIED])
def test_source_that_waiting_does_not_help_fails_at_once(night: Night, source: str):
    task = night.wait_for_task(source, "up_for_retry", "failed", "success")
    assert (task["state"], task["try_number"]) == ("failed", 1)
    assert night.wait_for_run(source) == "failed"
    assert night.simulated.line.ledger.night(source, night.simulated.night).status == "silent"
