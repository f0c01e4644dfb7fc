"""How the next night of a source is told."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from narvaro.cli.app import app
from narvaro.settings import PROJECT_DIR

SOURCE = "1081-ronneby"


@pytest.fixture
def told(tmp_path, monkeypatch):
    """The plan of a source that has never been read, by list."""
    monkeypatch.setenv("NARVARO_HOME", str(tmp_path))
    monkeypatch.setenv("NARVARO_CONFIG_DIR", str(PROJECT_DIR / "config" / "blekinge"))
    result = CliRunner().invoke(app, ["sources", "plan", SOURCE, "--json"])
    assert result.exit_code == 0, result.output
    return {row["list"]: row for row in json.loads(result.stdout)}


def test_a_source_that_was_never_read_is_read_from_the_beginning(told):
    assert {told[path]["read"] for path in ("/persons", "/attendances", "/grades")} == {"from the beginning"}


def test_the_weeks_of_the_control_totals_are_told(told):
    assert told["/aggregatedAttendance"]["read"].startswith("sums ")


def test_an_unknown_source_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("NARVARO_HOME", str(tmp_path))
    result = CliRunner().invoke(app, ["sources", "plan", "nowhere"])
    assert result.exit_code == 2
