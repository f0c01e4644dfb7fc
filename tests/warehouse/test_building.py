"""A build replaces the warehouse whole or leaves it alone."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest
from built_warehouse import settings_at
from landed_rows import LandedCounty, a_pupil, a_unit

from narvaro.errors import BuildError, BusyError
from narvaro.settings import PROJECT_DIR
from narvaro.warehouse import build, read_only
from narvaro.warehouse.locking import build_lock

_ENDLESS = 60.0


@pytest.fixture(scope="module")
def home(tmp_path_factory, build_at):
    """The home of a county of one unit, built once."""
    home = tmp_path_factory.mktemp("home")
    build_at(home, a_small_county(tmp_path_factory.mktemp("landed")).content())
    return home


def a_small_county(folder: Path) -> LandedCounty:
    county = LandedCounty(folder)
    county.land("school_units", [a_unit("U1")])
    county.land("pupils", [a_pupil("p1")])
    return county


def marts(home: Path) -> dict[str, list[tuple]]:
    with read_only(settings_at(home).warehouse_path) as connection:
        names = connection.execute("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall()
        return {name: connection.execute(f"select * from marts.{name}").fetchall() for (name,) in sorted(names)}


def files_of(home: Path) -> set[str]:
    return {path.name for path in settings_at(home).warehouse_path.parent.iterdir() if path.suffix != ".lock"}


def test_the_warehouse_stands_alone_and_is_its_owners(home):
    path = settings_at(home).warehouse_path
    assert files_of(home) == {path.name}
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_what_dbt_writes_down_is_its_owners(home):
    """Of a model that failed it keeps the database's own words, and they may quote a row."""
    assert (home / "dbt" / "target").is_dir()
    assert (home / "dbt").stat().st_mode & 0o777 == 0o700


def test_a_county_without_loads_gets_every_mart_empty(tmp_path):
    result = build(settings_at(tmp_path), LandedCounty(tmp_path).content())
    assert result.tables["fct_absence_by_county_term"] == 0
    assert result.tables["dim_municipality"] == 2
    assert result.warnings == ()


def test_the_same_loads_give_the_same_tables(home, tmp_path_factory):
    before = marts(home)
    again = tmp_path_factory.mktemp("again")
    build(settings_at(again), a_small_county(tmp_path_factory.mktemp("landed")).content())
    assert marts(again) == before


def test_a_failed_build_leaves_the_last_warehouse_and_names_the_test(home, tmp_path):
    path = settings_at(home).warehouse_path
    before = path.read_bytes()
    content = a_small_county(tmp_path).content()
    doubled = pa.concat_tables([content.references["owners"]] * 2)
    broken = dataclasses.replace(content, references={**content.references, "owners": doubled})
    with pytest.raises(BuildError, match="is_unique_and_known_dim_owner_owner_id") as failure:
        build(settings_at(home), broken)
    assert "212000" not in str(failure.value), "an owner's number is data"
    assert path.read_bytes() == before
    assert files_of(home) == {path.name}


def test_a_missing_landed_file_is_named_by_its_entity(tmp_path):
    county = a_small_county(tmp_path)
    (load,) = [load for load in county.loads if load.entity == "pupils"]
    load.files[0].unlink()
    with pytest.raises(BuildError, match="the landed pupils"):
        build(settings_at(tmp_path / "fresh"), county.content())


def test_two_builds_at_once_are_one_too_many(home, tmp_path):
    with (
        build_lock(settings_at(home).warehouse_path),
        pytest.raises(BusyError, match="Wait until it ends"),
    ):
        build(settings_at(home), LandedCounty(tmp_path).content())


def test_a_build_that_is_killed_is_mended_by_the_next(home, tmp_path):
    path = settings_at(home).warehouse_path
    before, building = path.read_bytes(), path.with_name(f".{path.name}.building")
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from landed_rows import LandedCounty\n"
        "from narvaro.settings import Settings\n"
        "from narvaro.warehouse import build\n"
        "build(Settings.from_env({'NARVARO_HOME': sys.argv[2]}), LandedCounty(Path(sys.argv[3])).content())\n"
    )
    arguments = [sys.executable, "-c", program, str(Path(__file__).parent), str(home), str(tmp_path)]
    with subprocess.Popen(arguments, env={**os.environ, "PYTHONPATH": str(PROJECT_DIR / "plugins")}) as process:
        deadline = time.monotonic() + _ENDLESS
        while not building.exists() and process.poll() is None and time.monotonic() < deadline:
            pass
        process.send_signal(signal.SIGKILL)
    assert building.exists(), "the build was over before it could be killed"
    assert path.read_bytes() == before
    build(settings_at(home), a_small_county(tmp_path).content())
    assert files_of(home) == {path.name}


def test_dbt_writes_nothing_into_the_tree(home):
    assert (home / "dbt" / "target").is_dir()
    assert not [
        path for name in ("target", "logs", "dbt_packages") for path in [PROJECT_DIR / "dbt" / name] if path.exists()
    ]
