"""The commands that read, over an installation that has had a night."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from command_line import narvaro
from simulated_line import BLEKINGE
from typer.testing import CliRunner

from narvaro.cli import app

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result
    from simulated_line import SimulatedLine

    from narvaro.ledger import Ledger

COMMANDS = {
    *("night", "land", "build", "publish", "letters", "reread"),
    *("status", "issues", "releases", "sql", "pools"),
    *("demo", "up", "simulator", "report", "mail-catcher", "parse"),
    *("sources", "conformance", "deletions", "alerts", "privacy", "web", "followup", "quality"),
}


@dataclass
class Installation:
    """An installation whose commands are run in this process."""

    line: SimulatedLine

    def run(self, *arguments: str) -> Result:
        return CliRunner(env=self.line.env | {"COLUMNS": "300", "NO_COLOR": "1"}).invoke(app, arguments)

    def rows(self, *arguments: str) -> list[dict[str, object]]:
        """Run a reading command and give what its JSON says."""
        done = self.run(*arguments, "--json")
        assert done.exit_code == 0, done.output
        rows: list[dict[str, object]] = json.loads(done.stdout)
        return rows

    @property
    def ledger(self) -> Ledger:
        return self.line.line.ledger


@pytest.fixture(scope="module")
def installation(finished_night: SimulatedLine, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(finished_night.copied_to(tmp_path_factory.mktemp("read") / "home"))


def test_status_gives_every_source(installation: Installation):
    status = {row["source"]: row for row in installation.rows("status")}
    assert set(status) == set(installation.line.line.county.sources)
    assert status["1060-olofstrom"]["status"] == "accepted"
    assert status["1060-olofstrom"]["last_good_night"] == installation.line.night.isoformat()
    assert status["1080-karlskrona"]["status"] == "refused"
    assert status["1080-karlskrona"]["is_stale"] is True


def test_issues_names_the_fault_once_the_night_is_examined(installation: Installation):
    """The letters' step examines; without a mail server its letters wait, and the issues are there."""
    done = installation.run("letters", "--date", installation.line.night.isoformat())
    assert done.exit_code == 2
    assert "No connection narvaro_smtp" in done.output
    issues = {row["source"]: row for row in installation.rows("issues")}
    assert issues["1060-olofstrom"]["rule"] == "impossible_minutes"
    assert issues["1060-olofstrom"]["count"] == 3
    assert [row["source"] for row in installation.rows("issues", "--source", "1080-karlskrona")] == ["1080-karlskrona"]
    assert installation.rows("issues", "--source", "1081-ronneby", "--all") == []


def test_releases_gives_the_publication(installation: Installation):
    (release,) = installation.rows("releases")
    assert release["night"] == installation.line.night.isoformat()
    assert release["status"] == "preliminary"
    assert "county_absence_by_term" in {table["name"] for table in release["tables"]}


def test_each_source_has_its_page_of_rules_and_counts(installation: Installation):
    docs = installation.line.line.settings.home / "data_docs"
    assert {path.parent.name for path in docs.glob("*/index.html")} == set(installation.line.line.county.sources)
    page = (docs / "1060-olofstrom" / "index.html").read_text(encoding="utf-8")
    assert "impossible_minutes" in page
    assert installation.line.night.isoformat() in page


def test_tables_for_people_hold_the_same(installation: Installation):
    for command in ("status", "issues", "releases"):
        assert installation.run(command).exit_code == 0
    assert "1080-karlskrona" in installation.run("status").stdout
    assert str(installation.rows("releases")[0]["release_id"]) in installation.run("releases").stdout


def test_sql_reads_the_marts(installation: Installation):
    query = "select count(*) as sources, max(iso_week) as week from marts.dim_source, marts.fct_absence_by_county_week"
    ((row),) = installation.rows("sql", query, "--purpose", "test")
    assert row["week"] == "2026-W38"
    assert row["sources"] > 0


def test_sql_is_logged_with_its_purpose_and_the_number_of_rows(installation: Installation):
    query = "select municipality_name from marts.dim_municipality"
    installation.rows("sql", query, "--purpose", "to see that reading is logged")
    access = installation.ledger.accesses()[0]
    assert (access.statement, access.purpose, access.rows) == (query, "to see that reading is logged", 5)
    assert (access.actor != "", access.grain) == (True, "aggregated")


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_text('/etc/hostname')",
        "select * from read_csv('/etc/passwd')",
        "select * from '/etc/hostname'",
        "select * from glob('/etc/*')",
        "copy (select 1) to '{outside}'",
        "attach '{outside}' as other",
        "export database '{outside}'",
        "create table marts.mine as select 1",
        "delete from marts.dim_source",
        "drop view if exists marts.fct_absence_by_county_week; drop table marts.fct_absence_by_county_week",
        "set enable_external_access = true",
        "reset lock_configuration",
        "install httpfs",
        "load httpfs",
        "not a question",
    ],
)
def test_sql_reaches_nothing_but_the_warehouse_and_changes_nothing(
    installation: Installation, tmp_path: Path, query: str
):
    outside = tmp_path / "outside"
    statement = query.format(outside=outside)
    warehouse = installation.line.line.settings.warehouse_path.read_bytes()
    done = installation.run("sql", statement, "--purpose", "test")
    assert done.exit_code == 8, done.output
    assert "Traceback" not in done.output
    assert "root:" not in done.output
    assert not outside.exists()
    assert installation.line.line.settings.warehouse_path.read_bytes() == warehouse
    assert installation.ledger.accesses()[0].statement == statement, "a question that failed is logged too"


def test_pools_are_what_airflow_imports(installation: Installation):
    """A slot for each source and one for the writer, with the three keys that the import wants."""
    pools = json.loads(installation.run("pools").stdout)
    assert set(pools) == {"warehouse_writer", *(f"source_{name}" for name in installation.line.line.county.sources)}
    for pool in pools.values():
        assert {name: type(value) for name, value in pool.items()} == {
            "slots": int,
            "description": str,
            "include_deferred": bool,
        }


def test_mistyped_source_is_told_the_nearest(installation: Installation):
    done = installation.run("land", "1083-sölvesborg")
    assert done.exit_code == 2
    said = " ".join(done.output.split())
    assert "There is no source 1083-sölvesborg" in said
    assert "Did you mean 1083-solvesborg?" in said


def test_publish_without_a_warehouse_says_what_to_do_first(tmp_path: Path):
    env = {**os.environ, "NARVARO_CONFIG_DIR": str(BLEKINGE), "NARVARO_HOME": str(tmp_path)}
    for command in (("publish",), ("sql", "select 1", "--purpose", "test")):
        done = CliRunner(env=env).invoke(app, command)
        assert done.exit_code == 8
        assert "Build it first: narvaro build." in " ".join(done.output.split())


def test_reading_an_installation_that_has_had_no_night_is_no_error(tmp_path: Path):
    env = {**os.environ, "NARVARO_CONFIG_DIR": str(BLEKINGE), "NARVARO_HOME": str(tmp_path)}
    for command in ("status", "issues", "releases"):
        done = CliRunner(env=env).invoke(app, [command, "--json"])
        assert done.exit_code == 0, done.output
        assert [row["status"] for row in json.loads(done.stdout)] == (["never"] * 6 if command == "status" else [])


def test_accepted_night_is_left_as_it_is(installation: Installation):
    """The servers' clock has moved on; what was accepted has not."""
    installation.line.simulator.set_clock(
        installation.line.line.county.night_bound_at(installation.line.night + timedelta(days=3))
    )
    before = installation.ledger.loads()
    done = installation.run("land", "1083-solvesborg", "--date", installation.line.night.isoformat())
    assert (done.exit_code, done.stdout) == (0, f"1083-solvesborg {installation.line.night}: accepted\n")
    assert installation.ledger.loads() == before


def test_help_lists_every_command_with_what_it_does(installation: Installation):
    done = narvaro(installation.line.env, "--help")
    assert done.returncode == 0
    assert {name for name in COMMANDS if f" {name} " in done.stdout} == COMMANDS
    registered = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert registered | {group.name for group in app.registered_groups} == COMMANDS


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_command_explains_itself(installation: Installation, command: str):
    done = installation.run(command, "--help")
    assert done.exit_code == 0
    assert "Usage: " in done.stdout


def test_mistyped_command_is_a_usage_error(installation: Installation):
    done = narvaro(installation.line.env, "nihgt")
    assert done.returncode == 2
    assert "nihgt" in done.stderr
