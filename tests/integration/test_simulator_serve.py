"""`narvaro simulator serve` plays the county, with the faults of a file."""

from __future__ import annotations

import shutil
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest
from command_line import narvaro, start
from simulated_line import BLEKINGE

from narvaro.simulator.wire.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "a secret of the test"
SOURCE = "1080-karlskrona"


@pytest.fixture
def env(tmp_path) -> dict[str, str]:
    """An installation with a simulator's secret and a small county."""
    config_dir = tmp_path / "config"
    shutil.copytree(BLEKINGE, config_dir)
    (config_dir / "simulator.yml").write_text("{scale: 400, weeks: 1}", encoding="utf-8")
    connections = tmp_path / "home" / "connections.json"
    connections.parent.mkdir()
    connections.with_name("simulator.secret").write_text(SECRET, encoding="ascii")
    return {
        "PATH": "/usr/bin:/bin",
        "NARVARO_HOME": str(tmp_path / "home"),
        "NARVARO_CONFIG_DIR": str(config_dir),
        "NARVARO_CONNECTIONS_PATH": str(connections),
    }


def a_free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def serving(env: dict[str, str], *arguments: str) -> Iterator[httpx.Client]:
    """Serve in another process until the block ends."""
    port = a_free_port()
    process = start(env, "simulator", "serve", "--port", str(port), *arguments)
    transport = httpx.HTTPTransport(retries=10)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", transport=transport, timeout=30) as client:
            assert client.get("/_simulator/health").json()["status"] == "ok"
            yield client
    finally:
        process.terminate()
        process.communicate(timeout=30)


def statuses(client: httpx.Client, source: str) -> list[int]:
    """Ask for the same list three times."""
    auth = (source, Authority(SECRET).client_secret(source))
    token = client.post(f"/{source}/token", data={"grant_type": "client_credentials"}, auth=auth).json()
    headers = {"authorization": f"Bearer {token['access_token']}"}
    return [client.get(f"/{source}/v2.0/attendances", headers=headers).status_code for _ in range(3)]


def test_faults_of_a_file_show_at_their_requests(env, tmp_path: Path):
    faults = tmp_path / "faults.yml"
    fault = f"- {{source: {SOURCE}, kind: busy, resource: attendances, from_request: 2, times: 1}}"
    faults.write_text(fault, encoding="utf-8")
    with serving(env, "--faults", str(faults)) as client:
        assert statuses(client, SOURCE) == [200, 429, 200]
        assert statuses(client, "1060-olofstrom") == [200, 200, 200]


@pytest.mark.parametrize(
    ("text", "said"),
    [("- {source: a, kind: flood}", "0.kind"), ("- {source: nobody, kind: busy}", "nobody")],
)
def test_wrong_file_of_faults_stops_the_command(env, tmp_path: Path, text, said):
    faults = tmp_path / "faults.yml"
    faults.write_text(text, encoding="utf-8")
    result = narvaro(env, "simulator", "serve", "--faults", str(faults))
    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
