"""The web pages mounted in another application, as Airflow's API server mounts them."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from open_ports import free_ports

from narvaro.orchestration.airflow_server import AirflowServer, airflow_env
from narvaro.orchestration.line import Line
from narvaro.orchestration.processes import Processes
from narvaro.orchestration.web_links import web_links
from narvaro.settings import Settings

WEB_TESTS = Path(__file__).resolve().parents[1] / "unit" / "web"
sys.path.insert(0, str(WEB_TESTS))


@pytest.fixture
def line(tmp_path, monkeypatch):
    """An installation whose web address lies within Airflow's."""
    from invented_site import PROJECT_DIR, furnish

    furnish(tmp_path / "home")
    monkeypatch.setenv("NARVARO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NARVARO_CONFIG_DIR", str(PROJECT_DIR / "config" / "blekinge"))
    monkeypatch.setenv("NARVARO_WEB_URL", "http://localhost:8080/narvaro")
    return Line.open()


def test_pages_work_under_a_prefix(line):
    from invented_site import OURS, UNIT
    from served_pages import served
    from visiting import answered, local

    from narvaro.orchestration.web_plugin import PREFIX, fastapi_apps

    host = FastAPI()
    for described in fastapi_apps():
        host.mount(described["url_prefix"], described["app"])
    now = datetime.now(UTC)
    link = web_links(line).status_page(line.county.sources[OURS].owner, now=now)
    with served(host) as address, httpx.Client(base_url=address, trust_env=False, follow_redirects=True) as visitor:
        page = visitor.get(local(link))
        assert (page.status_code, page.url.path) == (200, f"{PREFIX}/status")
        for attribute in ('href="/', 'action="/'):
            assert page.text.count(attribute) == page.text.count(f"{attribute}narvaro/")
        assert visitor.get(f"{PREFIX}/style.css").status_code == 200
        visitor.base_url = f"{address}{PREFIX}"
        missing = f"{OURS}/{UNIT}/reports_missing"
        assert "Tack" in answered(visitor, missing, kind="acknowledged", who="Anna").text
    assert [answer.kind for answer in line.ledger.answers()] == ["acknowledged"]


@pytest.mark.parametrize("address", ["", "https://narvaro.example", "https://narvaro.example/other"])
def test_pages_stay_out_of_airflow_where_their_address_is_another(monkeypatch, address):
    from narvaro.orchestration.web_plugin import fastapi_apps

    monkeypatch.setenv("NARVARO_WEB_URL", address)
    assert fastapi_apps() == []


def test_airflow_finds_the_plugin():
    assert "narvaro_web" in {point.name for point in entry_points(group="airflow.plugins")}


@pytest.mark.slow
@pytest.mark.xdist_group("airflow")
def test_airflow_itself_serves_the_pages(line, monkeypatch):
    """Its API server loads the plugin, mounts the pages beside its own, and needs no log-in of its own for them."""
    from invented_site import OURS
    from visiting import local

    port = free_ports(1)[0]
    monkeypatch.setenv("NARVARO_AIRFLOW_PORT", str(port))
    monkeypatch.setenv("NARVARO_WEB_URL", f"http://127.0.0.1:{port}/narvaro")
    settings = Settings.from_env()
    server = AirflowServer(settings, airflow_env(settings, os.environ))
    server.migrate()
    link = web_links(Line.open()).status_page(line.county.sources[OURS].owner, now=datetime.now(UTC))
    with Processes(settings.home / "run", settings.home / "logs") as processes:
        server.start_api(processes)
        with httpx.Client(base_url=server.url, trust_env=False, follow_redirects=True, timeout=30) as visitor:
            page = visitor.get(local(link))
            assert (page.status_code, page.url.path) == (200, "/narvaro/status")
            assert page.headers["content-security-policy"].startswith("default-src 'none'")
            assert visitor.get("/api/v2/version").status_code == 200
    said = "".join(log.read_text(encoding="utf-8") for log in (settings.home / "logs").glob("*.log"))
    assert "token=" not in said
