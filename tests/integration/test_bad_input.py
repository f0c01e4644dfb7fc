"""What is wrong is told in a sentence, costs nothing that stood, and is mended by the next run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import duckdb
import psutil
import pytest
from bad_server import bad_server
from command_line import narvaro, start
from other_process import output_path, run_command
from simulated_line import BLEKINGE, SimulatedLine, simulated_line

from narvaro.alerts.catcher import MailCatcher
from narvaro.landing.disk import source_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOGIN_PAGE = b"<!doctype html><title>Logga in</title><p>Kanariegatan 1</p>"
TROUBLED = {"1060-olofstrom", "1080-karlskrona", "1081-ronneby", "1082-karlshamn"}


@dataclass
class TroubledNight:
    """What came of a night with four unusable sources, and of a second night that was started meanwhile."""

    line: SimulatedLine
    first: subprocess.CompletedProcess[str]
    second: subprocess.CompletedProcess[str]

    def told(self, source: str) -> str:
        """Give what the command said of a source."""
        (line,) = [line for line in self.first.stderr.splitlines() if line.startswith(f"{source}: ")]
        return line


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TroubledNight]:
    """A wrong secret, a wrong path, a web page and a refusal; and the same command twice at once."""
    home = tmp_path_factory.mktemp("troubled") / "home"
    with (
        simulated_line(home, scale=150.0) as line,
        bad_server(200, "text/html; charset=utf-8", LOGIN_PAGE) as web_page,
        bad_server(400, "application/json", b'{"code": "bad_request"}') as refusing,
        MailCatcher(home / "mail") as catcher,
    ):
        base = line.simulator.base_url
        line.set_connection("narvaro_1060_olofstrom", password="mistyped")
        line.set_connection("narvaro_1080_karlskrona", host=f"{base}/1080-karlskrona/v3.0")
        line.set_connection("narvaro_1081_ronneby", host=web_page.url)
        line.set_connection("narvaro_1082_karlshamn", host=refusing.url)
        line.send_letters_to("127.0.0.1", catcher.port)
        web_page.may_answer.clear()
        command = ("night", "--date", line.night.isoformat(), "--jobs", "2")
        running = start(line.env, *command)
        assert web_page.is_asked.wait(timeout=60)
        second = narvaro(line.env, *command)
        web_page.may_answer.set()
        out, err = running.communicate(timeout=180)
        yield TroubledNight(line, subprocess.CompletedProcess(command, running.returncode, out, err), second)


def test_second_night_at_once_is_busy(troubled: TroubledNight):
    assert troubled.second.returncode == 6
    assert "BusyError: Another process holds night. Wait for it to end, then run again." in troubled.second.stderr


def test_first_night_is_unharmed_and_publishes_the_sources_that_answer(troubled: TroubledNight):
    with duckdb.connect(str(troubled.line.line.settings.published_dir / "narvaro.duckdb"), read_only=True) as store:
        status = dict(store.execute("select source_name, is_stale from source_status").fetchall())
        (pupils,) = store.execute(
            "select max(pupils_count) from county_absence_by_term where school_form = 'all'"
        ).fetchone()
    assert {name for name, is_stale in status.items() if is_stale} == TROUBLED
    assert pupils > 0
    assert "Published release" in troubled.first.stdout


@pytest.mark.parametrize(
    ("source", "status", "reason"),
    [
        ("1060-olofstrom", "silent", r"the token address refused our client \(401\)\. Check login and password"),
        ("1080-karlskrona", "refused", r"404.*base"),
        ("1081-ronneby", "refused", r"answered with a web page\. Wanted JSON; check base_url"),
        ("1082-karlshamn", "refused", r"400"),
    ],
)
def test_unusable_source_is_told_with_reason_and_remedy(troubled: TroubledNight, source: str, status: str, reason: str):
    assert re.search(reason, troubled.told(source))
    record = troubled.line.line.ledger.night(source, troubled.line.night)
    assert record is not None
    assert record.status == status
    assert re.search(reason, record.reason)


def test_night_with_unusable_sources_has_an_exit_code_of_its_own(troubled: TroubledNight):
    assert troubled.first.returncode == 11
    assert "4 letters sent" in troubled.first.stdout


def test_what_an_unusable_source_sends_and_what_we_send_it_are_not_repeated(troubled: TroubledNight):
    told = troubled.first.stdout + troubled.first.stderr
    secrets = [line_secret for line_secret in passwords(troubled.line) if line_secret in told]
    assert secrets == []
    assert "Kanariegatan" not in told


def passwords(line: SimulatedLine) -> list[str]:
    entries = json.loads(line.line.settings.connections_path.read_text(encoding="utf-8"))
    return [entry["password"] for entry in entries.values() if entry.get("password")]


def test_source_whose_landing_another_process_holds_is_busy(troubled: TroubledNight):
    night = troubled.line.night + timedelta(days=1)
    with source_lock(troubled.line.line.settings.landing_dir, "1083-solvesborg"):
        done = narvaro(troubled.line.env, "land", "1083-solvesborg", "--date", night.isoformat())
    assert done.returncode == 6
    assert "1083-solvesborg: another process lands this source right now. Wait" in done.stderr
    assert troubled.line.line.ledger.night("1083-solvesborg", night) is None


def test_killed_landing_process_ends_the_night_with_a_sentence(troubled: TroubledNight):
    """As the system does when memory runs out."""
    night = troubled.line.night + timedelta(days=1)
    with bad_server(503, "application/json", b"{}") as silent:
        silent.may_answer.clear()
        troubled.line.set_connection("narvaro_1060_olofstrom", host=silent.url, extra={"token_url": silent.url})
        running = start(troubled.line.env, "night", "--date", night.isoformat(), "--jobs", "1")
        assert silent.is_asked.wait(timeout=60)
        (landing,) = [
            child for child in psutil.Process(running.pid).children() if "spawn_main" in " ".join(child.cmdline())
        ]
        landing.kill()
        _, err = running.communicate(timeout=60)
    assert running.returncode == 5
    assert "LandingError: A process that landed a source was killed" in err
    assert "Traceback" not in err


def test_lost_pseudonym_key_is_never_replaced(troubled: TroubledNight):
    """A new key would make two pupils of every one, without a word."""
    settings, night = troubled.line.line.settings, troubled.line.night + timedelta(days=1)
    safe = settings.pseudonym_key_path.with_name("pseudonym.key.in-its-safe")
    before = landed(settings.landing_dir)
    settings.pseudonym_key_path.rename(safe)
    try:
        done = narvaro(troubled.line.env, "land", "1083-solvesborg", "--date", night.isoformat())
        assert done.returncode == 4
        assert "the pseudonym key is missing. Restore it from its safe" in done.stderr
        assert not settings.pseudonym_key_path.exists()
    finally:
        safe.rename(settings.pseudonym_key_path)
    assert landed(settings.landing_dir) == before
    assert troubled.line.line.ledger.night("1083-solvesborg", night) is None


def landed(landing_dir: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in landing_dir.rglob("*.parquet")}


def test_corrected_connection_is_all_that_the_next_run_needs(troubled: TroubledNight):
    """The same night is read again: what was refused left no trace behind."""
    line = troubled.line
    line.set_connection("narvaro_1080_karlskrona", host=f"{line.simulator.base_url}/1080-karlskrona/v2.0")
    done = narvaro(line.env, "land", "1080-karlskrona", "--date", line.night.isoformat())
    assert (done.returncode, done.stdout) == (0, f"1080-karlskrona {line.night}: accepted\n")


@pytest.mark.parametrize(
    ("file", "before", "after", "told"),
    [
        ("county.yml", "timezone: Europe/Stockholm", "timezone: Europe/Stokholm", "county.yml:5: "),
        ("sources.yml", 'owner: "2120000811"', 'owner: "2120000812"', "sources.yml:"),
        ("owners.yml", "owner_type: enskild", "owner_type: [enskild", "owners.yml:"),
    ],
)
def test_wrong_configuration_names_file_and_line(tmp_path: Path, file: str, before: str, after: str, told: str):
    config_dir = shutil.copytree(BLEKINGE, tmp_path / "config")
    text = (config_dir / file).read_text(encoding="utf-8")
    assert before in text
    (config_dir / file).write_text(text.replace(before, after), encoding="utf-8")
    done = narvaro(environment(config_dir, tmp_path), "night")
    assert done.returncode == 2
    assert re.search(re.escape(told.rstrip(" 0123456789:")) + r":\d+: ", done.stderr)
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def environment(config_dir: Path, folder: Path) -> dict[str, str]:
    return {**os.environ, "NARVARO_CONFIG_DIR": str(config_dir), "NARVARO_HOME": str(folder / "home")}


def test_missing_connection_is_told_with_its_name(tmp_path: Path):
    done = narvaro(environment(BLEKINGE, tmp_path), "land", "1060-olofstrom")
    assert done.returncode == 2
    assert "AIRFLOW_CONN_NARVARO_1060_OLOFSTROM" in done.stderr


def test_county_without_sources_is_built_and_published(tmp_path: Path):
    config_dir = shutil.copytree(BLEKINGE, tmp_path / "config")
    (config_dir / "sources.yml").write_text("sources: []\n", encoding="utf-8")
    env = environment(config_dir, tmp_path) | {"AIRFLOW_CONN_NARVARO_SMTP": "smtp://127.0.0.1:1"}
    assert run_command(env, "night", "--date", "2026-09-19") == 0, output_path(env).read_text()
    with duckdb.connect(str(tmp_path / "home" / "published" / "narvaro.duckdb"), read_only=True) as store:
        assert store.execute("select count(*) from municipalities").fetchone() == (5,)
        assert store.execute("select count(*) from county_absence_by_week").fetchone() == (0,)
    assert (tmp_path / "home" / "published" / "index.html").stat().st_size > 0
