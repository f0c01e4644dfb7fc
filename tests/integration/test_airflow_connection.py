"""The connection type SS 12000 in a running Airflow: listed with its form, and its Test button works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from open_ports import free_ports
from simulated_line import SECRET, simulated_line

from narvaro.orchestration.airflow_server import AirflowServer, airflow_env
from narvaro.orchestration.processes import Processes
from narvaro.orchestration.provider import FIELDS
from narvaro.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = "narvaro_1080_karlskrona"
WRONG_SECRET = "an-invented-secret-that-opens-nothing"

pytestmark = pytest.mark.xdist_group("airflow")


@dataclass
class Served:
    """An Airflow API server, and the connection of one simulated school system."""

    server: AirflowServer
    entry: dict[str, Any]
    logs: Path

    def test(self, **changes: Any) -> dict[str, Any]:
        """Press the Test button on a form that is filled in with the connection's values, some of them changed."""
        form = {"connection_id": "a_new_one", "conn_type": "ss12000"}
        form |= {name: self.entry[name] for name in ("host", "login", "password")}
        form |= {"extra": json.dumps(self.entry["extra"])} | changes
        return self.server.call("POST", "/api/v2/connections/test", json=form)


@contextmanager
def served_airflow(home: Path, port: int) -> Iterator[Served]:
    with simulated_line(home, scale=300.0) as simulated:
        settings = Settings.from_env({**simulated.env, "NARVARO_AIRFLOW_PORT": str(port)})
        server = AirflowServer(settings, airflow_env(settings, os.environ))
        server.migrate()
        with Processes(home / "run", home / "logs") as processes:
            server.start_api(processes)
            entries = json.loads(settings.connections_path.read_text(encoding="utf-8"))
            yield Served(server, entries[SOURCE], home / "logs")


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_airflow(tmp_path_factory.mktemp("airflow") / "var", free_ports(1)[0]) as served:
        yield served


@pytest.fixture(scope="module")
def form(airflow: Served) -> dict[str, Any]:
    """What the web interface is told of our type."""
    kinds = airflow.server.call("GET", "/ui/connections/hook_meta")
    found = [kind for kind in kinds if kind["connection_type"] == "ss12000"]
    assert len(found) == 1
    return found[0]


def test_type_is_listed_under_its_name(form: dict[str, Any]):
    assert form["hook_name"] == "SS 12000"
    assert form["hook_class_name"] == "narvaro.orchestration.hook.Ss12000Hook"


def test_form_has_every_field_that_the_connector_reads(form: dict[str, Any]):
    assert list(form["extra_fields"]) == list(FIELDS)
    assert all(field["schema"]["title"] and field["description"] for field in form["extra_fields"].values())
    assert form["extra_fields"]["resend_filters"]["schema"]["enum"] == ["never", "required_only", "always"]
    assert "number" in form["extra_fields"]["requests_per_second"]["schema"]["type"]


def test_fields_of_airflow_itself_are_named_in_our_words_or_hidden(form: dict[str, Any]):
    standard = form["standard_fields"]
    assert {name for name, field in standard.items() if field and field["hidden"]} == {"url_schema", "port"}
    assert standard["host"]["title"] == "Base address"
    assert standard["login"]["title"] == "Client id"
    assert standard["password"]["title"] == "Client secret or bearer token"


def test_right_connection_passes_its_test(airflow: Served):
    answer = airflow.test()
    assert answer["status"], answer
    assert "answered /organisations with an organisation" in answer["message"]


def test_connection_that_is_kept_passes_with_the_secret_that_the_form_does_not_show(airflow: Served):
    answer = airflow.server.call(
        "POST", "/api/v2/connections/test", json={"connection_id": SOURCE, "conn_type": "ss12000"}
    )
    assert answer["status"], answer


def test_fields_left_empty_are_not_values(airflow: Served):
    empty = dict.fromkeys(FIELDS, None) | {"scope": ""}
    answer = airflow.test(extra=json.dumps(empty | airflow.entry["extra"]))
    assert answer["status"], answer


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"password": WRONG_SECRET}, "refused our client (401)"),
        ({"host": "not an address"}, "is not a web address"),
        ({"host": "http://127.0.0.1:1/v2.0"}, "broke off"),
        ({"extra": "{}", "password": WRONG_SECRET}, "there is no token_url"),
        ({"extra": "{}", "login": "", "password": WRONG_SECRET}, "401"),
        ({"extra": '{"ca_file": "/nowhere.pem", "token_url": "http://127.0.0.1:1/token"}'}, "ca_file"),
    ],
    ids=["wrong secret", "no address", "no server", "no token address", "wrong bearer", "no CA file"],
)
def test_wrong_connection_fails_in_words(airflow: Served, changes: dict[str, Any], said: str):
    answer = airflow.test(**changes)
    assert not answer["status"]
    assert said in answer["message"]


def test_no_secret_is_told_or_logged(airflow: Served):
    told = [airflow.test(password=WRONG_SECRET), airflow.test(password=WRONG_SECRET, host="nowhere")]
    log = (airflow.logs / "airflow-api-server.log").read_text(encoding="utf-8")
    for secret in (WRONG_SECRET, airflow.entry["password"], SECRET):
        assert secret not in json.dumps(told)
        assert secret not in log


def run_airflow(airflow: Served, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).with_name("airflow"))
    return subprocess.run(
        [program, *arguments], env=dict(airflow.server.env), capture_output=True, text=True, timeout=120, check=False
    )


def test_command_line_of_airflow_knows_the_provider(airflow: Served):
    told = run_airflow(airflow, "providers", "hooks", "-o", "json").stdout
    hooks = json.loads(told[told.index("[") :])
    assert [hook["package_name"] for hook in hooks if hook["connection_type"] == "ss12000"] == ["narvaro"]


def test_command_line_of_airflow_tests_a_connection(airflow: Served):
    """As the worker does where the API server has neither the secrets nor the way out."""
    told = run_airflow(airflow, "connections", "test", SOURCE)
    assert told.returncode == 0, told.stdout
    assert "success" in told.stdout
    assert airflow.entry["password"] not in told.stdout + told.stderr
