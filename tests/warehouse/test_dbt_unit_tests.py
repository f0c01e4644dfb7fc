"""The rules' own unit tests, run by dbt on an empty county: they are left out of the nightly build."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from landed_rows import LandedCounty

from narvaro.settings import PROJECT_DIR
from narvaro.warehouse import Resources
from narvaro.warehouse.building import dbt_environment
from narvaro.warehouse.dbt_run import run_dbt
from narvaro.warehouse.loading import load

DBT_DIR = PROJECT_DIR / "dbt"


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    """Every model and unit test of the project, built in order without data."""
    folder: Path = tmp_path_factory.mktemp("units")
    path = folder / "empty.duckdb"
    load(path, LandedCounty(folder).content())
    return run_dbt(
        ["build", "--exclude-resource-type", "test"],
        project_dir=DBT_DIR,
        work_dir=folder / "dbt",
        env=dbt_environment(path, Resources()),
    )


def test_every_unit_test_passes(nodes):
    """A failing one raises BuildError in the fixture, with its name."""
    written = {
        test["name"]
        for path in DBT_DIR.glob("models/**/*.yml")
        for test in yaml.safe_load(path.read_text(encoding="utf-8")).get("unit_tests", [])
    }
    passed = {node.name for node in nodes if node.kind == "unit_test" and node.status == "pass"}
    assert passed == written
    assert len(passed) > 15
