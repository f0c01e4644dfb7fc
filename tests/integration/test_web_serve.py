"""`narvaro web serve` as its own process: what it says, what it keeps to itself, and what it needs."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from command_line import narvaro
from open_ports import free_ports

from narvaro.orchestration.processes import Processes, own_command

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "web"))

from invented_site import OURS, PROJECT_DIR, furnish, open_line

if TYPE_CHECKING:
    from collections.abc import Iterator

OWNER = "2120000829"


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("web") / "home"
    furnish(home)
    port = free_ports(1)[0]
    return {
        "PATH": os.environ["PATH"],
        "NARVARO_HOME": str(home),
        "NARVARO_CONFIG_DIR": str(PROJECT_DIR / "config" / "blekinge"),
        "NARVARO_WEB_PORT": str(port),
        "NARVARO_WEB_URL": f"http://127.0.0.1:{port}",
    }


@pytest.fixture(scope="module")
def output(env: dict[str, str]) -> Iterator[Path]:
    """What a running server writes."""
    folder = Path(env["NARVARO_HOME"])
    with Processes(folder / "run", folder / "logs") as processes:
        processes.start("web", own_command("web", "serve"), env)
        health = f"{env['NARVARO_WEB_URL']}/health"

        def is_up() -> bool:
            try:
                return httpx.get(health, trust_env=False, timeout=2).is_success
            except httpx.HTTPError:
                return False

        processes.wait_until(is_up, what="the web pages", timeout_seconds=60)
        yield folder / "logs" / "web.log"


def link(env: dict[str, str], owner: str) -> str:
    done = narvaro(env, "web", "link", owner)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_link_of_the_command_opens_the_owners_page_and_leaves_no_trace(env: dict[str, str], output: Path):
    address = link(env, OWNER)
    token = address.split("token=")[1]
    with httpx.Client(trust_env=False, follow_redirects=True) as visitor:
        page = visitor.get(address)
        assert (page.status_code, page.url.path) == (200, "/status")
        assert OURS in page.text
        assert "server" not in page.headers
        assert visitor.get(f"{env['NARVARO_WEB_URL']}/in/status?token=not-ours").status_code == 401
    assert token[:20] not in output.read_text(encoding="utf-8")
    assert "not-ours" not in output.read_text(encoding="utf-8")
    accesses = open_line(Path(env["NARVARO_HOME"])).ledger.accesses()
    assert [access.actor for access in accesses] == ["web: Karlskrona kommun"]
    assert token[:20] not in str(accesses)


def test_link_for_nobody_is_refused(env: dict[str, str]):
    done = narvaro(env, "web", "link", "5560000000")
    assert done.returncode == 2
    assert "no such owner" in done.stderr


def test_port_that_is_taken_is_told(env: dict[str, str]):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = narvaro(env, "web", "serve", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert "NARVARO_WEB_PORT" in done.stderr


def test_wrong_provider_is_told_before_anything_is_served(env: dict[str, str]):
    connection = '{"conn_type": "http", "host": "https://login.example", "password": "hidden-secret"}'
    done = narvaro(env | {"AIRFLOW_CONN_NARVARO_OIDC": connection}, "web", "serve")
    assert done.returncode == 2
    assert "owners" in done.stderr
    assert "hidden-secret" not in done.stderr + done.stdout
