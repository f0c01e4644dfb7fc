"""The county's night on one machine: simulated school systems, a mail catcher and a real Airflow."""

from __future__ import annotations

import json
import os
import secrets
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx

from narvaro.county import load_county
from narvaro.errors import NarvaroError
from narvaro.orchestration.airflow_server import AirflowServer, airflow_env
from narvaro.orchestration.dag_ids import landing_dag_id
from narvaro.orchestration.line import SMTP_CONN_ID
from narvaro.orchestration.pools import pools
from narvaro.orchestration.processes import Processes, is_port_open, own_command, require_free_port
from narvaro.simulator import connections, load_simulator_config

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

    from narvaro.county import County
    from narvaro.settings import Settings

_NIGHT_TIMEOUT_SECONDS = 900.0


@dataclass
class Demo:
    """Start everything, run one night by Airflow's scheduler, and stop or stay."""

    settings: Settings
    say: Callable[[str], None]
    show_result: Callable[[], None]

    def run(self, *, stay: bool) -> None:
        """Run the night and show its result; with `stay`, leave the servers running until Ctrl-C.

        Raises:
            SettingsError: a port is taken.
            ProcessDiedError: a server died or did not start.
            NarvaroError: the county's build failed.
        """
        county = load_county(self.settings.config_dir)
        night = county.night_of(load_simulator_config(self.settings.config_dir).as_of)
        with ExitStack() as stack:
            processes = stack.enter_context(Processes(self.settings.home / "run", self.settings.home / "logs"))
            self._require_ports()
            self._write_connections(county)
            # A planted silent source would otherwise be asked again for a quarter of an hour.
            # The address of the status pages is what makes letters carry links to them.
            given = {"NARVARO_RETRY_DELAY_SECONDS": "2", "NARVARO_WEB_URL": self._web_url, **os.environ}
            env = airflow_env(self.settings, given)
            airflow = AirflowServer(self.settings, env)
            self._start_neighbours(processes, env)
            self.say(f"Starting Airflow at {airflow.url} and {len(county.enabled_sources)} simulated school systems")
            airflow.migrate()
            airflow.start(processes)
            processes.wait_until(self._is_simulator_ready, what="the simulator", timeout_seconds=180)
            wanted = {landing_dag_id(source.name) for source in county.enabled_sources} | {"build_county"}
            airflow.wait_for_dags(processes, wanted)
            airflow.set_pools(pools(county))
            self._run_night(airflow, processes, county, night)
            self.show_result()
            if stay:
                self._stay(airflow, processes)

    def _require_ports(self) -> None:
        """Refuse to start when a port is taken; a server that cannot bind dies unseen."""
        for port, variable, purpose in self._ports():
            require_free_port(port, variable=variable, purpose=purpose)

    def _ports(self) -> list[tuple[int, str, str]]:
        return [
            (self.settings.airflow_port, "NARVARO_AIRFLOW_PORT", "Airflow"),
            (self.settings.simulator_port, "NARVARO_SIMULATOR_PORT", "the simulated school systems"),
            (self.settings.report_port, "NARVARO_REPORT_PORT", "the report page"),
            (self.settings.web_port, "NARVARO_WEB_PORT", "the status pages"),
            (self.settings.mail_port, "NARVARO_MAIL_PORT", "the mail catcher"),
        ]

    def _write_connections(self, county: County) -> None:
        """Write the connections of the simulated systems and the mail catcher, readable by the owner only."""
        path = self.settings.connections_path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        secret_path = self.simulator_secret_path
        if not secret_path.is_file():
            secret_path.touch(mode=0o600)
            secret_path.write_text(secrets.token_hex(16), encoding="ascii")
        base_url = f"http://127.0.0.1:{self.settings.simulator_port}"
        entries = dict(connections(county, base_url, secret_path.read_text(encoding="ascii")))
        entries[SMTP_CONN_ID] = {
            "conn_type": "smtp",
            "host": "127.0.0.1",
            "port": self.settings.mail_port,
            "extra": {"tls": "none"},
        }
        beside = path.with_suffix(".partial.json")
        beside.touch(mode=0o600)
        beside.write_text(json.dumps(entries, indent=2), encoding="utf-8")
        beside.replace(path)

    @property
    def simulator_secret_path(self) -> Path:
        """The file that holds the simulated systems' secret."""
        return self.settings.connections_path.with_name("simulator.secret")

    def _start_neighbours(self, processes: Processes, env: dict[str, str]) -> None:
        """Start the school systems, the post office, the report page and the owners' status pages."""
        simulator_port, mail_port = str(self.settings.simulator_port), str(self.settings.mail_port)
        processes.start("simulator", own_command("simulator", "serve", "--port", simulator_port), env)
        processes.start("mail-catcher", own_command("mail-catcher", "--port", mail_port), env)
        processes.start("report", own_command("report", "serve", "--port", str(self.settings.report_port)), env)
        processes.start("web", own_command("web", "serve", "--port", str(self.settings.web_port)), env)

    @property
    def _web_url(self) -> str:
        return f"http://localhost:{self.settings.web_port}"

    def _is_simulator_ready(self) -> bool:
        try:
            url = f"http://127.0.0.1:{self.settings.simulator_port}/_simulator/health"
            return httpx.get(url, timeout=2, trust_env=False).is_success and is_port_open(self.settings.mail_port)
        except httpx.HTTPError:
            return False

    def _run_night(self, airflow: AirflowServer, processes: Processes, county: County, night: date) -> None:
        """Start every source's DAG and wait for the county that their assets start."""
        started = time.monotonic()
        run_id = f"demo__{night}__{datetime.now(UTC):%Y%m%dT%H%M%S}"
        for source in county.enabled_sources:
            airflow.trigger(landing_dag_id(source.name), run_id, {"night": night.isoformat()})
        self.say(
            f"Night {night}: {len(county.enabled_sources)} landing DAGs triggered; build_county follows their assets"
        )
        known = {run["dag_run_id"] for run in _county_runs(airflow)}
        processes.wait_until(
            lambda: self._is_over(airflow, known), what=f"night {night}", timeout_seconds=_NIGHT_TIMEOUT_SECONDS
        )
        ours = [run for run in airflow.runs() if run["dag_run_id"] == run_id]
        built = next(run for run in _county_runs(airflow) if run["dag_run_id"] not in known)
        failed = sorted(run["dag_id"] for run in ours if run["state"] == "failed")
        self.say(
            f"Night {night} took {time.monotonic() - started:.0f} s: {len(ours) - len(failed)} sources accepted, "
            f"{len(failed)} failed ({', '.join(failed) or 'none'}), build_county {built['state']}"
        )
        if built["state"] != "success":
            message = f"build_county {built['state']}; read its log under {self.settings.home / 'airflow' / 'logs'}."
            raise NarvaroError(message)

    def _is_over(self, airflow: AirflowServer, known: set[str]) -> bool:
        """Tell whether the county has been built from this night's assets."""
        time.sleep(0.8)
        runs = [run for run in _county_runs(airflow) if run["dag_run_id"] not in known]
        return bool(runs) and all(run["state"] in {"success", "failed"} for run in runs)

    def _stay(self, airflow: AirflowServer, processes: Processes) -> None:
        """Watch the servers until Ctrl-C."""
        self.say(f"Airflow   {airflow.url}")
        self.say(f"Report    http://127.0.0.1:{self.settings.report_port}/")
        self.say(f"Status    {self._web_url}/ (a link that opens it: narvaro web link county)")
        self.say(f"Simulator http://127.0.0.1:{self.settings.simulator_port}/")
        self.say(f"Connections of the simulated systems: {self.settings.connections_path}")
        self.say("Ctrl-C stops everything.")
        try:
            while True:
                time.sleep(1)
                processes.check()
        except KeyboardInterrupt:
            self.say("Stopping")


def _county_runs(airflow: AirflowServer) -> list[dict[str, Any]]:
    """Give the county's runs that the sources' assets started, newest first."""
    return [run for run in airflow.runs("build_county") if run["run_type"] == "asset_triggered"]
