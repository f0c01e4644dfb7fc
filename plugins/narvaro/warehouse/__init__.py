"""The restricted store: loading, dbt, reading."""

from __future__ import annotations

from narvaro.warehouse.building import BuildResult, Resources, build
from narvaro.warehouse.content import LandedLoad, WarehouseContent
from narvaro.warehouse.reading import read_only
from narvaro.warehouse.reference import reference_tables

__all__ = [
    "BuildResult",
    "LandedLoad",
    "Resources",
    "WarehouseContent",
    "build",
    "read_only",
    "reference_tables",
]
