"""The restricted store: loading, dbt, reading."""

from __future__ import annotations

from narvaro.warehouse.building import BuildResult, Resources, build
from narvaro.warehouse.content import LandedLoad, WarehouseContent
from narvaro.warehouse.parsing import parse_project
from narvaro.warehouse.reading import read_only, read_rows
from narvaro.warehouse.reference import reference_tables

__all__ = [
    "BuildResult",
    "LandedLoad",
    "Resources",
    "WarehouseContent",
    "build",
    "parse_project",
    "read_only",
    "read_rows",
    "reference_tables",
]
