"""Airflow on one machine: its environment, its processes and the few calls we make to its API."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from narvaro.errors import NarvaroError
from narvaro.orchestration.processes import ProcessDiedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from narvaro.orchestration.processes import Processes
    from narvaro.settings import Settings

_COMPONENTS = ("api-server", "scheduler", "dag-processor")


@dataclass
class AirflowServer:
    """One Airflow with LocalExecutor under `$NARVARO_HOME/airflow`, on loopback only."""

    settings: Settings
    env: Mapping[str, str]
    _api: httpx.Client | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Give the address of the web interface."""
        return f"http://127.0.0.1:{self.settings.airflow_port}"

    def migrate(self) -> None:
        """Create or migrate Airflow's own database.

        Raises:
            NarvaroError: Airflow refused; the message holds the end of what it printed.
        """
        # Its logs and its database are nobody else's.
        Path(self.env["AIRFLOW_HOME"]).mkdir(mode=0o700, parents=True, exist_ok=True)
        done = subprocess.run(  # noqa: S603 - our own command, no shell
            [_airflow(), "db", "migrate"], env=dict(self.env), capture_output=True, text=True, check=False
        )
        if done.returncode:
            message = (
                f"airflow db migrate failed; remove {self.env['AIRFLOW_HOME']} to start anew:\n{done.stderr[-1500:]}"
            )
            raise NarvaroError(message)

    def start(self, processes: Processes) -> None:
        """Start the components and wait until each reports healthy."""
        for component in _COMPONENTS:
            processes.start(f"airflow-{component}", [_airflow(), component], self.env)
        processes.wait_until(self._is_healthy, what="Airflow", timeout_seconds=180)

    def start_api(self, processes: Processes) -> None:
        """Start the API server alone, for whoever needs no scheduler."""
        processes.start("airflow-api-server", [_airflow(), "api-server"], self.env)
        processes.wait_until(lambda: self._health() is not None, what="Airflow", timeout_seconds=180)

    def wait_for_dags(self, processes: Processes, wanted: set[str]) -> None:
        """Wait until Airflow has read every wanted DAG."""
        processes.wait_until(lambda: wanted <= self.dag_ids(), what=f"{len(wanted)} DAGs", timeout_seconds=120)

    def dag_ids(self) -> set[str]:
        """Give the ids of the DAGs that Airflow knows."""
        found = self.call("GET", "/api/v2/dags", params={"limit": 1000})
        return {dag["dag_id"] for dag in found["dags"]}

    def set_pools(self, pools: Mapping[str, Mapping[str, object]]) -> None:
        """Create the pools, or set them anew."""
        entities = [{"name": name, **pool} for name, pool in pools.items()]
        action = {"action": "create", "entities": entities, "action_on_existence": "overwrite"}
        self.call("PATCH", "/api/v2/pools", json={"actions": [action]})

    def trigger(self, dag_id: str, run_id: str, conf: Mapping[str, object]) -> None:
        """Start a run of a DAG now."""
        body = {"dag_run_id": run_id, "logical_date": None, "conf": dict(conf)}
        self.call("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body)

    def runs(self, dag_id: str = "~") -> list[dict[str, Any]]:
        """Give the runs of one DAG, or of all, newest first."""
        query = {"limit": 1000, "order_by": "-run_after"}
        runs: list[dict[str, Any]] = self.call("GET", f"/api/v2/dags/{dag_id}/dagRuns", params=query)["dag_runs"]
        return runs

    def _is_healthy(self) -> bool:
        health = self._health()
        parts = ("metadatabase", "scheduler", "dag_processor")
        return health is not None and all(health[name]["status"] == "healthy" for name in parts)

    def _health(self) -> dict[str, Any] | None:
        """Give what the API server says of everybody's health, None while it says nothing."""
        try:
            health: dict[str, Any] = httpx.get(f"{self.url}/api/v2/monitor/health", timeout=2, trust_env=False).json()
        except (httpx.HTTPError, ValueError):
            return None
        return health

    def call(self, method: str, path: str, **request: Any) -> Any:  # noqa: ANN401 - JSON in and out
        """Call the API; SQLite may be busy for a moment, so a 5xx is asked again."""
        if self._api is None:
            token = httpx.get(f"{self.url}/auth/token", timeout=10, trust_env=False).json()["access_token"]
            self._api = httpx.Client(
                base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False
            )
        for attempt in range(5):
            answer = self._api.request(method, path, **request)
            if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                break
            time.sleep(0.2 * 2**attempt)
        if answer.is_error:
            message = f"Airflow answered {answer.status_code} to {method} {path}: {answer.text[:300]}"
            raise ProcessDiedError(message)
        return answer.json() if answer.content else None


def airflow_env(settings: Settings, base: Mapping[str, str]) -> dict[str, str]:
    """Give the environment of a one-machine Airflow; secrets are made on the first call and kept."""
    home = settings.home / "airflow"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    port = settings.airflow_port
    return dict(base) | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(settings.project_dir / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(settings.project_dir / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        # Each slot is a forked worker; two cores gain nothing from more.
        "AIRFLOW__CORE__PARALLELISM": "4",
        # The Test button of the connection form.
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        # Everybody is an administrator: this Airflow listens on loopback only.
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__API__SECRET_KEY": _kept_secret(home / "api.secret"),
        "AIRFLOW__API_AUTH__JWT_SECRET": _kept_secret(home / "jwt.secret"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__SECRETS__BACKEND": "airflow.secrets.local_filesystem.LocalFilesystemBackend",
        "AIRFLOW__SECRETS__BACKEND_KWARGS": f'{{"connections_file_path": "{settings.connections_path}"}}',
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        "AIRFLOW__SCHEDULER__MAX_DAGRUNS_PER_LOOP_TO_SCHEDULE": "100",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "GX_ANALYTICS_ENABLED": "false",
        "PYTHONUNBUFFERED": "1",
        "NARVARO_HOME": str(settings.home),
        "NARVARO_CONFIG_DIR": str(settings.config_dir),
        "NARVARO_PROJECT_DIR": str(settings.project_dir),
    }


def _kept_secret(path: Path) -> str:
    """Read a secret, making it on the first call; only its owner may read the file."""
    if not path.is_file():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32), encoding="ascii")
    return path.read_text(encoding="ascii")


def _airflow() -> str:
    """Find Airflow's own command beside the Python that runs us."""
    beside = Path(sys.executable).with_name("airflow")
    return str(beside) if beside.exists() else shutil.which("airflow") or "airflow"
