"""Follow-up as a process leader asks for it: on the marts of a night that was run, logged, and with reasons."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from narvaro.cli.app import app
from narvaro.orchestration.restricted import read_restricted

if TYPE_CHECKING:
    from simulated_line import SimulatedLine

LEAST_PUPILS = 3
REGISTER = """
measures:
  - measure_id: team
    title: Närvaroteam
    level: förebyggande
    school_units: ["{unit}"]
    start_date: 2026-08-31
    frozen_date: 2026-08-01
    window_weeks: 4
"""


@pytest.fixture(scope="module")
def installation(finished_night: SimulatedLine, tmp_path_factory: pytest.TempPathFactory) -> SimulatedLine:
    """The finished night with a folder of configuration of its own, in which units of three are big enough."""
    folder = tmp_path_factory.mktemp("followup")
    copied = finished_night.copied_to(folder / "home")
    shutil.copytree(copied.line.settings.config_dir, folder / "config")
    publication = folder / "config" / "publication.yml"
    text = publication.read_text(encoding="utf-8")
    assert "unit_pupils: 10" in text
    publication.write_text(text.replace("unit_pupils: 10", f"unit_pupils: {LEAST_PUPILS}"), encoding="utf-8")
    copied.env["NARVARO_CONFIG_DIR"] = str(folder / "config")
    return copied


def rows(line: SimulatedLine, *arguments: str) -> list[dict]:
    asked = ["followup", *arguments, "--purpose", "test of follow-up", "--json"]
    done = CliRunner(env=line.env | {"COLUMNS": "300"}).invoke(app, asked)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def biggest_unit(installation: SimulatedLine) -> str:
    query = "from marts.fct_absence_by_school_unit_week select school_unit_code order by pupils_count desc limit 1"
    return read_restricted(installation.line, query, purpose="test", actor="test")[0]["school_unit_code"]


def test_a_units_weeks_are_its_rate_less_that_of_the_rest(installation: SimulatedLine, biggest_unit: str):
    found = rows(installation, "weeks", biggest_unit)
    query = f"""
        select unit.iso_week, 100.0 * unit.absent_minutes / unit.offered_minutes - 100.0
            * (county.absent_minutes - unit.absent_minutes) / (county.offered_minutes - unit.offered_minutes) as points
        from marts.fct_absence_by_school_unit_week as unit
        inner join marts.fct_absence_by_county_week as county using (iso_week)
        where unit.school_unit_code = '{biggest_unit}'
    """
    expected = read_restricted(installation.line, query, purpose="test", actor="test")
    assert {row["iso_week"]: row["difference_points"] for row in found} == {
        row["iso_week"]: pytest.approx(row["points"], abs=0.001) for row in expected
    }
    # Five weeks are too few to tell a change from ordinary variation.
    assert {row["mean"] for row in found} == {None}


def test_a_unit_without_figures_is_told(installation: SimulatedLine):
    asked = ["followup", "weeks", "99999999", "--purpose", "test"]
    done = CliRunner(env=installation.env).invoke(app, asked)
    assert done.exit_code == 2
    assert "no figures of a school unit 99999999" in done.output


def test_every_reading_is_logged_with_its_purpose(installation: SimulatedLine, biggest_unit: str):
    before = len(installation.line.ledger.accesses())
    rows(installation, "weeks", biggest_unit)
    newest = installation.line.ledger.accesses()[0]
    assert len(installation.line.ledger.accesses()) == before + 2
    assert newest.purpose == "test of follow-up"


def test_no_unit_below_the_published_size_stands_on_the_funnel(installation: SimulatedLine):
    found = rows(installation, "units", "2026HT")
    assert found
    assert min(row["pupils_count"] for row in found) >= LEAST_PUPILS
    strata = read_restricted(
        installation.line,
        "select sum(classed_pupils_count) as pupils, sum(persistent_10_count) as cases "
        "from marts.fct_absence_by_school_unit_term where school_form = 'all' and sex = 'all'",
        purpose="test",
        actor="test",
    )[0]
    assert sum(row["cases_count"] for row in found) <= strata["cases"]
    assert sum(row["pupils_count"] for row in found) <= strata["pupils"]


def test_a_threshold_that_is_not_counted_is_told(installation: SimulatedLine):
    asked = ["followup", "units", "2026HT", "--threshold", "12", "--purpose", "test"]
    done = CliRunner(env=installation.env).invoke(app, asked)
    assert done.exit_code == 2
    assert "Choose one of 10, 15, 20, 50" in done.output


def test_a_measure_with_too_few_weeks_has_a_reason_and_no_figure(installation: SimulatedLine, biggest_unit: str):
    register = Path(installation.env["NARVARO_CONFIG_DIR"]) / "measures.yml"
    register.write_text(REGISTER.format(unit=biggest_unit), encoding="utf-8")
    (row,) = rows(installation, "measure", "team")
    assert (row["status"], row["reasons"], row["effect"]) == ("not_assessable", "too_few_weeks", None)
