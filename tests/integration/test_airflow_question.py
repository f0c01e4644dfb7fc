"""A held night in a running Airflow: a person is asked, nobody waits, and the answer takes effect."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from one_source import NAME, one_source
from open_ports import free_ports

from narvaro.orchestration.airflow_server import AirflowServer, airflow_env
from narvaro.orchestration.dag_ids import landing_dag_id
from narvaro.orchestration.pools import pools
from narvaro.orchestration.processes import Processes
from narvaro.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DAG_ID, DECISION = landing_dag_id(NAME), "decide_deletions"
GONE = {"kind": "mass_deletion", "resource": "attendances", "shape": "told"}


def wait_for(found: Callable[[], Any], what: str, seconds: float = 120) -> Any:
    """Wait until something is there, and give it."""
    deadline = time.monotonic() + seconds
    while not (there := found()):
        assert time.monotonic() < deadline, what
        time.sleep(0.5)
    return there


def states(server: AirflowServer, dag_id: str, run_id: str) -> dict[str, str]:
    """Give the state of every task of a run."""
    tasks = server.call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
    return {task["task_id"]: task["state"] for task in tasks}


def is_over(server: AirflowServer, dag_id: str, run_id: str) -> str | None:
    state = server.call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")["state"]
    return state if state in {"success", "failed"} else None


@pytest.mark.slow
@pytest.mark.xdist_group("airflow")
def test_person_is_asked_nobody_waits_and_the_answer_takes_effect(tmp_path: Path):
    with one_source(tmp_path / "home") as source:
        path = source.config_dir / "county.yml"
        content = yaml.safe_load(path.read_text(encoding="utf-8")) | {"brake": {"max_share": 0.1, "min_rows": 20}}
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        source.set_up()
        assert source.night(source.first_night).status == "accepted", source.error
        night = source.first_night + timedelta(days=3)
        source.plant(GONE)
        source.simulator.set_clock(source.line.county.night_bound_at(night))
        names = {"NARVARO_HOME": str(tmp_path / "home"), "NARVARO_CONFIG_DIR": str(source.config_dir)}
        env = {**os.environ, **names, "NARVARO_AIRFLOW_PORT": str(free_ports(1)[0])}
        settings = Settings.from_env(env)
        server = AirflowServer(settings, airflow_env(settings, env))
        server.migrate()
        with Processes(tmp_path / "run", tmp_path / "logs") as processes:
            server.start(processes)
            server.wait_for_dags(processes, {DAG_ID, DECISION})
            server.set_pools(pools(source.line.county))
            server.trigger(DAG_ID, "asked", {"night": night.isoformat()})
            assert wait_for(lambda: is_over(server, DAG_ID, "asked"), "the landing") == "success"
            assert states(server, DAG_ID, "asked")["settle_source"] == "success"
            assert source.line.ledger.night(NAME, night).status == "held"
            # No mail server is there: what the engineer is told of it waits.
            (told,) = source.line.ledger.pending_letters()
            assert (told.role, told.night) == ("engineer", night)
            assert told.key.startswith(f"night_held/{night}/{NAME}/")
            (run,) = wait_for(lambda: server.runs(DECISION), "the question")
            question = run["dag_run_id"]
            wait_for(
                lambda: states(server, DECISION, question).get("wait_for_person") == "awaiting_input", "the waiting"
            )
            one = f"/api/v2/dags/{DECISION}/dagRuns/{question}/taskInstances/wait_for_person/-1/hitlDetails"
            shown = server.call("GET", one)
            assert NAME in shown["subject"]
            assert "Would vanish" in shown["body"]
            assert shown["options"] == ["Approve", "Reject", "Decide later"]
            answer = {"chosen_options": ["Approve"], "params_input": {"reason": "the school closed"}}
            server.call("PATCH", one, json=answer)
            assert wait_for(lambda: is_over(server, DECISION, question), "the carrying out") == "success"
            (brake,) = source.line.ledger.brakes(NAME)
            assert (brake.status, brake.reason) == ("approved", "the school closed")
            assert brake.decided_by
            assert source.line.ledger.night(NAME, night).status == "accepted"
            # Asked once: the same run cleared finds nothing that waits.
            server.trigger(DAG_ID, "again", {"night": night.isoformat()})
            assert wait_for(lambda: is_over(server, DAG_ID, "again"), "the second landing") == "success"
            assert states(server, DAG_ID, "again")["ask_person"] == "skipped"
            assert len(server.runs(DECISION)) == 1
