from __future__ import annotations

import pytest
from invented_county import a_county, build_warehouse

from narvaro.disclosure import protect_marts


@pytest.fixture(scope="session")
def county(tmp_path_factory):
    return a_county(tmp_path_factory.mktemp("config"))


@pytest.fixture(scope="session")
def warehouse_path(tmp_path_factory, county):
    return build_warehouse(tmp_path_factory.mktemp("warehouse") / "warehouse.duckdb", county)


@pytest.fixture(scope="session")
def tables(warehouse_path, county):
    return protect_marts(warehouse_path, county.publication)
