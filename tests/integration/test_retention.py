from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING

import duckdb
import pytest
from byte_search import found_in
from one_source import NAME, OneSource, copied, one_source
from typer.testing import CliRunner

from narvaro.cli import app
from narvaro.orchestration import county_steps, removing, retention
from narvaro.orchestration.loads import load_paths

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The school year 2026/27 and three more are over.
MUCH_LATER = date(2031, 1, 15)
SUMS = ("fct_absence_by_county_week", "fct_absence_by_school_unit_week", "fct_absence_by_municipality_term")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneSource]:
    """A night of a source from which the warehouse has been built; never changed: take a copy."""
    with one_source(tmp_path_factory.mktemp("retention") / "home") as installation:
        night = installation.first_night
        assert installation.night(night).status == "accepted", installation.error
        county_steps.build(installation.line, night)
        yield installation


@pytest.fixture
def installation(built: OneSource, tmp_path: Path) -> OneSource:
    return copied(built, tmp_path / "home")


def landed_rows(installation: OneSource) -> dict[str, int]:
    return {load.entity: load.rows for load in installation.line.ledger.accepted_loads()}


def mart(installation: OneSource, name: str) -> list[tuple]:
    with duckdb.connect(str(installation.line.settings.warehouse_path), read_only=True) as warehouse:
        return warehouse.execute(f"select * from marts.{name} order by all").fetchall()


def test_nothing_is_removed_within_the_period_and_the_receipt_says_so(installation: OneSource):
    before, today = landed_rows(installation), installation.first_night + timedelta(days=2 * 365)
    assert retention.expired(installation.line, today) == []
    run = retention.enforce_retention(installation.line, today, by="anna")
    assert (run.status, installation.line.ledger.removals(run.run_id)) == ("done", [])
    assert run.terms["lesson_facts"] == "2025-07-01"
    assert landed_rows(installation) == before


def test_old_rows_go_and_their_sums_stay(installation: OneSource):
    line = installation.line
    before = landed_rows(installation)
    sums = {name: mart(installation, name) for name in SUMS}
    paths = [
        path
        for load in line.ledger.accepted_loads()
        if load.entity == "attendances"
        for path in load_paths(line.settings, load)
    ]
    ids = {
        row[0]
        for row in duckdb.sql(f"select attendance_id from read_parquet({list(map(str, paths))}) limit 50").fetchall()
    }
    assert found_in(line.settings.home, ids)
    counted = {found.entity: found.rows for found in retention.expired(line, MUCH_LATER)}
    assert counted["attendances"] == before["attendances"] > 0

    run = retention.enforce_retention(line, MUCH_LATER, by="anna")

    removed = {(step.class_name, step.entity): step for step in line.ledger.removals(run.run_id)}
    assert {entity: removed["lesson_facts", entity].rows for entity in ("attendances", "lessons")} == {
        entity: before[entity] for entity in ("attendances", "lessons")
    }
    assert removed["lesson_facts", "attendances"].files
    assert landed_rows(installation)["attendances"] == 0
    assert found_in(line.settings.home, ids) == set()
    for name in SUMS:
        assert mart(installation, name) == sums[name] != []
    assert mart(installation, "fct_absence_by_pupil_day") == []
    # A second run finds nothing, and a later build has the sums still.
    again = retention.enforce_retention(line, MUCH_LATER, by="anna")
    assert line.ledger.removals(again.run_id) == []
    removing.drop_warehouse(line)
    removing.rebuild(line)
    assert mart(installation, SUMS[0]) == sums[SUMS[0]]


def test_run_that_was_cut_off_is_ended_by_the_next(installation: OneSource, monkeypatch: pytest.MonkeyPatch):
    line, steps = installation.line, []
    sums = mart(installation, SUMS[0])

    def cut_off(*arguments, **named):
        if len(steps) == 2:
            raise KeyboardInterrupt
        steps.append(arguments)
        return removing.remove_rows(*arguments, **named)

    monkeypatch.setattr(retention, "remove_rows", cut_off)
    with pytest.raises(KeyboardInterrupt):
        retention.enforce_retention(line, MUCH_LATER, by="anna")
    (begun,) = line.ledger.removal_runs(status="begun")
    monkeypatch.undo()
    # Even on a day when nothing more would be due.
    ended = retention.enforce_retention(line, installation.first_night, by="berit")
    assert (ended.run_id, ended.status) == (begun.run_id, "done")
    assert retention.expired(line, MUCH_LATER) == []
    assert mart(installation, SUMS[0]) == sums


def test_source_that_is_read_no_more_is_not_forgotten(installation: OneSource):
    assert {found.source for found in retention.expired(installation.line, MUCH_LATER)} == {NAME}


def test_command_counts_what_would_go_and_changes_nothing(installation: OneSource):
    settings, before = installation.line.settings, landed_rows(installation)
    env = {"NARVARO_HOME": str(settings.home), "NARVARO_CONFIG_DIR": str(settings.config_dir)}
    command = ["privacy", "retain", "--date", MUCH_LATER.isoformat(), "--dry-run", "--json"]
    done = CliRunner(env=env).invoke(app, command)
    assert done.exit_code == 0, done.output
    (lessons,) = [row for row in json.loads(done.stdout) if row["entity"] == "lessons"]
    assert (lessons["class_name"], lessons["rows"]) == ("lesson_facts", before["lessons"])
    assert lessons["kept_from"] == "2027-07-01"
    assert landed_rows(installation) == before
    assert installation.line.ledger.removal_runs() == []
