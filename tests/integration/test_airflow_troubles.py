"""What the engineer is told by a real Airflow: a task that fails, figures that are late, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import psutil
import pytest
from open_ports import free_ports

from narvaro.alerts.catcher import MailCatcher
from narvaro.ledger.opening import sqlite_path
from narvaro.orchestration.airflow_server import AirflowServer, airflow_env
from narvaro.orchestration.dag_ids import landing_dag_id
from narvaro.orchestration.line import Line
from narvaro.orchestration.pools import pools
from narvaro.orchestration.processes import Processes
from narvaro.settings import PROJECT_DIR, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAG_ID = "build_county"
LANDING = landing_dag_id("1080-karlskrona")
FAILED, DONE, KILLED = "2026-09-19", "2026-09-20", "2026-09-21"

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("airflow")]


@dataclass
class Morning:
    """One Airflow whose county cannot be built, the mail that came, and the installation."""

    line: Line
    server: AirflowServer
    processes: Processes
    catcher: MailCatcher

    def want_figures_in(self, seconds: int) -> None:
        """Have the figures wanted that soon, and wait until Airflow has read it."""
        wanted = datetime.now(self.line.county.timezone).replace(microsecond=0) + timedelta(seconds=seconds)
        path = self.line.settings.config_dir / "county.yml"
        told = path.read_text(encoding="utf-8")
        changed = told.replace('figures_by: "07:00"', f'figures_by: "{wanted:%H:%M:%S}"')
        path.write_text(changed.replace('build_at: "06:00"', 'build_at: "00:00"'), encoding="utf-8")
        details = f"/api/v2/dags/{DAG_ID}/details"
        self.processes.wait_until(
            lambda: f"{wanted:%H:%M:%S}" in self.server.call("GET", details)["doc_md"],
            what="the new deadline",
            timeout_seconds=90,
        )

    @property
    def switching(self) -> Path:
        """What tells that a rotation of the key was interrupted: then nothing may be built or landed."""
        return self.line.settings.landing_dir / ".switching" / "plan.json"

    def told(self, kind: str, night: str) -> list[str]:
        """Give what the engineer has been told of a kind and a night, and see that the post has taken all of it."""
        letters = [letter for letter in self.line.ledger.letters() if letter.role == "engineer"]
        assert {letter.status for letter in letters} == {"sent"}
        assert len(self.catcher.letters()) == len(letters)
        return sorted(key.rpartition("/")[0] for key in (each.key for each in letters) if f"{kind}/{night}/" in key)

    def asked_of_airflow(self, question: str) -> list[tuple[str, ...]]:
        """Ask Airflow's own database: the API shows no callbacks."""
        database = f"file:{self.server.env['AIRFLOW_HOME']}/airflow.db?mode=ro"
        with closing(sqlite3.connect(database, uri=True)) as connection:
            return connection.execute(question).fetchall()

    def state_of(self, run_id: str) -> str:
        return str(self.server.call("GET", f"/api/v2/dags/{DAG_ID}/dagRuns/{run_id}")["state"])


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Morning]:
    tmp_path = tmp_path_factory.mktemp("troubles")
    config_dir = tmp_path / "config"
    shutil.copytree(PROJECT_DIR / "config" / "blekinge", config_dir)
    path = config_dir / "county.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("count: 3", "count: 0"), encoding="utf-8")
    changes = {
        "NARVARO_HOME": str(tmp_path / "home"),
        "NARVARO_CONFIG_DIR": str(config_dir),
        "NARVARO_AIRFLOW_PORT": str(free_ports(1)[0]),
        "NARVARO_RETRY_DELAY_SECONDS": "1",
    }
    settings = Settings.from_env({**os.environ, **changes})
    # The files are read anew often, so that the deadline can be set when everything is up.
    env = airflow_env(settings, {**os.environ, **changes}) | {"AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "5"}
    server, line = AirflowServer(settings, env), Line.open(settings)
    with MailCatcher(tmp_path / "mail") as catcher, Processes(tmp_path / "run", tmp_path / "logs") as processes:
        settings.connections_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        smtp = {"conn_type": "smtp", "host": "127.0.0.1", "port": catcher.port, "extra": {"tls": "none"}}
        settings.connections_path.write_text(json.dumps({"narvaro_smtp": smtp}), encoding="utf-8")
        server.migrate()
        server.start(processes)
        server.wait_for_dags(processes, {DAG_ID, LANDING})
        server.set_pools(pools(line.county))
        yield Morning(line, server, processes, catcher)


def test_engineer_is_told_of_failed_tasks_and_late_figures_and_of_no_run_that_succeeded(morning: Morning):
    morning.switching.parent.mkdir(parents=True)
    morning.switching.write_text("{}", encoding="utf-8")
    morning.want_figures_in(30)
    morning.server.trigger(DAG_ID, "failed", {"night": FAILED})
    morning.server.trigger(DAG_ID, "done", {"night": DONE})
    # Airflow takes a deadline back when a run succeeds by itself; of one that a person marks it does not.
    morning.server.call("PATCH", f"/api/v2/dags/{DAG_ID}/dagRuns/done", json={"state": "success"})
    morning.processes.wait_until(lambda: morning.state_of("failed") == "failed", what="the failure", timeout_seconds=60)
    assert morning.state_of("done") == "success"
    finished = "select state from callback where type = 'executor' and state in ('success', 'failed')"
    morning.processes.wait_until(
        lambda: len(morning.asked_of_airflow(finished)) == 2, what="both deadlines", timeout_seconds=90
    )
    assert morning.asked_of_airflow("select missed from deadline") == [(1,), (1,)]
    assert {state for (state,) in morning.asked_of_airflow(finished)} == {"success"}
    assert morning.told("figures_late", FAILED) == [f"figures_late/{FAILED}/county"]
    assert morning.told("run_failed", FAILED) == [
        f"run_failed/{FAILED}/build_county/build_warehouse/PrivacyError",
        f"run_failed/{FAILED}/build_county/send_letters/PrivacyError",
    ]
    assert morning.told("figures_late", DONE) == []


def test_engineer_is_told_of_a_task_that_was_killed_without_a_word(morning: Morning):
    morning.switching.unlink()
    ledger_path = sqlite_path(morning.line.ledger._engine)
    assert ledger_path is not None
    with closing(sqlite3.connect(ledger_path, isolation_level=None)) as connection:
        # Without a connection the landing fails and wants to note it: here it waits, to be found and killed.
        connection.execute("begin immediate")
        morning.server.trigger(LANDING, "killed", {"night": KILLED})
        holders: list[psutil.Process] = []

        def is_there() -> bool:
            holders[:] = [
                each for each in psutil.process_iter() if each.pid != os.getpid() and holds(each, ledger_path)
            ]
            return bool(holders)

        morning.processes.wait_until(is_there, what="the landing", timeout_seconds=60)
        (holder,) = holders
        os.kill(holder.pid, signal.SIGKILL)
    about = f"run_failed/{KILLED}/landing/killed"
    morning.processes.wait_until(
        lambda: about in {letter.key.rpartition("/")[0] for letter in morning.line.ledger.letters()},
        what="the letter",
        timeout_seconds=120,
    )
    morning.processes.wait_until(lambda: not morning.line.ledger.pending_letters(), what="the post", timeout_seconds=30)
    assert about in morning.told("run_failed", KILLED)


def holds(process: psutil.Process, path: Path) -> bool:
    try:
        return str(path) in {opened.path for opened in process.open_files()}
    except psutil.Error:
        return False
