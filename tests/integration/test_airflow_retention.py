"""Old rows go in a running Airflow too, and what it writes about them names nobody."""

from __future__ import annotations

import time
from datetime import date
from typing import TYPE_CHECKING

import duckdb
import pyarrow.parquet as pq
import pytest
from byte_search import found_in
from canary_search import Search, leaks
from open_ports import free_ports
from simulated_line import SimulatedLine, simulated_line

from narvaro.orchestration.airflow_server import AirflowServer, airflow_env
from narvaro.orchestration.pools import pools
from narvaro.orchestration.processes import Processes
from narvaro.orchestration.retention_dag import RETENTION_DAG_ID
from narvaro.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The school year 2026/27 and three more are over.
MUCH_LATER = date(2031, 1, 15)
SUMS = "select * from marts.fct_absence_by_school_unit_week order by all"
PATIENCE_SECONDS = 600


def wait_until_over(server: AirflowServer, run_id: str) -> str:
    """Give the state that a run of the DAG ends in."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        state: str = server.call("GET", f"/api/v2/dags/{RETENTION_DAG_ID}/dagRuns/{run_id}")["state"]
        if state in {"success", "failed"}:
            return state
        assert time.monotonic() < deadline, state
        time.sleep(0.5)


def marts(line: SimulatedLine, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(line.line.settings.warehouse_path), read_only=True) as warehouse:
        return warehouse.execute(query).fetchall()


def some_rows(line: SimulatedLine) -> set[str]:
    """Give ids of register entries that have landed; pupils stay as long as they are enrolled."""
    files = sorted(line.line.settings.landing_dir.glob("attendances/*/*/*.parquet"))
    tables = [pq.read_table(path, columns=["attendance_id"]).slice(0, 20) for path in files]
    return {text for table in tables for text in table.column("attendance_id").to_pylist()}


@pytest.fixture
def finished(tmp_path: Path) -> Iterator[SimulatedLine]:
    with simulated_line(tmp_path / "home", scale=150.0) as line:
        assert line.land_all(line.night) == {}
        line.build_and_publish(line.night)
        yield line


@pytest.mark.slow
@pytest.mark.xdist_group("airflow")
def test_old_rows_are_removed_by_the_dag_and_no_trace_is_left(finished: SimulatedLine, tmp_path: Path):
    line, home = finished.line, finished.line.settings.home
    sums, rows = marts(finished, SUMS), some_rows(finished)
    published = {path: path.read_bytes() for path in line.settings.published_dir.rglob("*.csv")}
    assert sums
    assert found_in(home / "landing", rows)
    env = {**finished.env, "NARVARO_AIRFLOW_PORT": str(free_ports(1)[0])}
    settings = Settings.from_env(env)
    server = AirflowServer(settings, airflow_env(settings, env))
    server.migrate()
    with Processes(tmp_path / "run", tmp_path / "logs") as processes:
        server.start(processes)
        server.wait_for_dags(processes, {RETENTION_DAG_ID})
        server.set_pools(pools(line.county))
        for run_id in ("first", "again"):
            server.trigger(RETENTION_DAG_ID, run_id, {"night": MUCH_LATER.isoformat()})
            assert wait_until_over(server, run_id) == "success"
    again, first = line.ledger.removal_runs(kind="retention")
    assert {run.status for run in (first, again)} == {"done"}
    assert {run.requested_by for run in (first, again)} == {"airflow"}
    removed = {step.entity: step for step in line.ledger.removals(first.run_id)}
    assert removed["attendances"].rows > 0
    assert removed["attendances"].files
    assert line.ledger.removals(again.run_id) == []
    assert marts(finished, SUMS) == sums
    assert marts(finished, "select count(*) from marts.fct_absence_by_pupil_day") == [(0,)]
    assert {path: path.read_bytes() for path in published} == published
    # Airflow's database with its XComs and rendered templates, and every task's log.
    assert list((home / "airflow").rglob("*.db"))
    assert list((home / "airflow").rglob("*.log"))
    assert found_in(home, rows) == set()
    assert leaks(tmp_path, Search.for_world(finished.world)) == {}
