"""The county's night by Airflow's own scheduler: assets, failures, a second run, a backfill."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from canary_search import assert_no_trace
from open_ports import free_ports
from simulated_line import BLEKINGE

from narvaro.ledger import Ledger
from narvaro.orchestration.airflow_server import AirflowServer, airflow_env
from narvaro.orchestration.demo import Demo
from narvaro.settings import PROJECT_DIR, Settings

if TYPE_CHECKING:
    from collections.abc import Callable

NIGHT = date(2026, 9, 19)
SILENT, MISSHAPEN = "1083-solvesborg", "1060-olofstrom"


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An installation of Blekinge with a silent source and one of the wrong shape, on free ports."""
    config_dir = tmp_path / "config"
    shutil.copytree(BLEKINGE, config_dir)
    simulator = yaml.safe_load((config_dir / "simulator.yml").read_text(encoding="utf-8"))
    simulator |= {"scale": 150}
    simulator["faults"] = [{"source": SILENT, "kind": "silent"}, {"source": MISSHAPEN, "kind": "wrong_header"}]
    (config_dir / "simulator.yml").write_text(yaml.safe_dump(simulator), encoding="utf-8")
    names = ("AIRFLOW", "SIMULATOR", "REPORT", "MAIL", "WEB")
    ports = {f"NARVARO_{name}_PORT": str(port) for name, port in zip(names, free_ports(len(names)), strict=True)}
    changes = {
        "NARVARO_HOME": str(tmp_path / "var"),
        "NARVARO_CONFIG_DIR": str(config_dir),
        "NARVARO_RETRY_DELAY_SECONDS": "1",
        **ports,
    }
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    return {**os.environ, **changes}


def run_demo(settings: Settings, while_it_stands: Callable[[], None] = lambda: None) -> list[str]:
    said: list[str] = []
    Demo(settings, say=said.append, show_result=while_it_stands).run(stay=False)
    return said


def published_files(settings: Settings) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(settings.published_dir.rglob("*")) if path.is_file()}


@pytest.mark.xdist_group("airflow")
def test_county_is_published_twice_alike_and_a_date_range_is_backfilled(env: dict[str, str]):
    settings = Settings.from_env(env)
    said = run_demo(settings)
    assert any("4 sources accepted, 2 failed" in line for line in said), said
    ledger = Ledger.open(settings.ledger_url)
    statuses = {record.source: record.status for record in ledger.nights() if record.night == NIGHT}
    assert statuses.pop(SILENT) == "silent"
    assert statuses.pop(MISSHAPEN) == "refused"
    assert set(statuses.values()) == {"accepted"}
    letters = sorted(path.name for path in settings.mail_dir.glob("*.eml"))
    assert len(letters) == 2
    before = published_files(settings)
    assert len(before) > 5
    run_the_commands_that_readme_shows(settings, env)

    def backfill() -> None:
        nights = wait_for_backfill(settings, env, "1080-karlskrona", "2026-09-15", "2026-09-17")
        assert nights == {date(2026, 9, 15): "accepted", date(2026, 9, 16): "accepted", date(2026, 9, 17): "accepted"}

    run_demo(settings, backfill)
    assert published_files(settings) == before
    assert sorted(path.name for path in settings.mail_dir.glob("*.eml")) == letters
    # Airflow's database with its XComs and rendered templates, every task's log, the letters, all stores.
    assert list((settings.home / "airflow").rglob("*.db"))
    assert list((settings.home / "airflow").rglob("*.log"))
    assert_no_trace(settings)


def run_the_commands_that_readme_shows(settings: Settings, env: dict[str, str]) -> None:
    """Run what README tells the reader of a finished demo to type."""
    readme = (PROJECT_DIR / "README.md").read_text(encoding="utf-8")
    block = readme.split("Afterwards, look around:")[1].split("```sh\n")[1].split("```")[0]
    commands = [shlex.split(line, comments=True) for line in block.splitlines() if line.strip()]
    assert len(commands) >= 4
    for program, *arguments in commands:
        if program == "ls":
            assert list((settings.home / Path(*arguments).relative_to("var")).iterdir()), arguments
            continue
        assert program == ".venv/bin/narvaro", program
        command = [sys.executable, "-m", "narvaro", *arguments]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip(), arguments


def wait_for_backfill(settings: Settings, env: dict[str, str], source: str, first: str, last: str) -> dict[date, str]:
    """Backfill a source's DAG with Airflow's own command and give how its nights ended."""
    dag_id = "land_" + source.replace("-", "_")
    server = AirflowServer(settings, airflow_env(settings, env))
    command = [str(Path(sys.executable).with_name("airflow")), "backfill", "create", "--dag-id", dag_id]
    command += ["--from-date", first, "--to-date", f"{last}T12:00:00+02:00", "--max-active-runs", "1"]
    done = subprocess.run(command, env=dict(server.env), check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    deadline = time.monotonic() + 180
    runs: list[dict[str, Any]] = []
    while not (runs and all(run["state"] in {"success", "failed"} for run in runs)):
        assert time.monotonic() < deadline, [(run["dag_run_id"], run["state"]) for run in runs]
        time.sleep(0.5)
        runs = [run for run in server.runs(dag_id) if run["run_type"] == "backfill"]
    assert [run["state"] for run in runs] == ["success"] * 3
    return {
        record.night: record.status
        for record in Ledger.open(settings.ledger_url).nights(source)
        if first <= record.night.isoformat() <= last
    }
