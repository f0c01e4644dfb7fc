"""Parsing the dbt project without a database, for checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from narvaro.warehouse.building import Resources, dbt_environment
from narvaro.warehouse.dbt_run import run_dbt

if TYPE_CHECKING:
    from narvaro.settings import Settings


def parse_project(settings: Settings) -> None:
    """Parse every model, test and YAML of the dbt project.

    Raises:
        BuildError: the project is wrong.
    """
    nowhere = settings.home / "dbt" / "parsed.duckdb"
    run_dbt(
        ["parse"],
        project_dir=settings.dbt_dir,
        work_dir=settings.home / "dbt",
        env=dbt_environment(nowhere, Resources()),
    )
