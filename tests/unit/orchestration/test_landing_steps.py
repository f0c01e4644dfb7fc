"""A source's night when the fault is ours: it stops nothing, and nobody else is blamed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from narvaro.alerts import DOOR_ARRIVAL, DOOR_READING
from narvaro.errors import SettingsError
from narvaro.orchestration import landing_steps
from narvaro.orchestration.findings import examine_sources
from narvaro.orchestration.line import Line
from narvaro.settings import PROJECT_DIR, Settings

SOURCE = "1080-karlskrona"
NIGHT = date(2026, 9, 19)


@pytest.fixture
def line(tmp_path: Path) -> Line:
    """An installation of Blekinge that has no connections."""
    config_dir = PROJECT_DIR / "config" / "blekinge"
    return Line.open(Settings.from_env({"NARVARO_HOME": str(tmp_path), "NARVARO_CONFIG_DIR": str(config_dir)}))


def found(line: Line) -> dict[str, set[str]]:
    """Give the sources by the rule that was found in them."""
    rules: dict[str, set[str]] = {}
    for finding in examine_sources(line, NIGHT).findings:
        rules.setdefault(finding.rule, set()).add(finding.source)
    return rules


def test_source_without_a_connection_is_noted_as_failed_and_goes_back_to_the_caller(line: Line):
    record, error = landing_steps.land_and_judge(line, SOURCE, NIGHT)
    assert (record.status, type(error)) == ("failed", SettingsError)
    assert "AIRFLOW_CONN_NARVARO_1080_KARLSKRONA" in record.reason


def test_run_that_died_is_noted_as_failed(line: Line):
    assert landing_steps.settle(line, SOURCE, NIGHT).status == "failed"


def test_source_that_was_not_read_is_not_called_silent(line: Line):
    """Neither one that failed nor one that nobody tried: their owners have done nothing wrong."""
    landing_steps.land_and_judge(line, SOURCE, NIGHT)
    assert found(line) == {"not_read": set(line.county.sources)}


def test_source_that_was_not_read_mends_nothing(line: Line):
    checked = examine_sources(line, NIGHT).checked
    assert (SOURCE, DOOR_READING) in checked
    assert (SOURCE, DOOR_ARRIVAL) not in checked


def test_silent_source_is_called_silent(line: Line):
    line.ledger.settle_silent(SOURCE, NIGHT, reason="503")
    assert found(line)["silent_source"] == {SOURCE}
