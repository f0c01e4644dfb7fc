"""Every county and municipality figure equals the simulator's truth, exactly, night after night."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import duckdb
import pandas as pd
import pytest
from simulated_line import BLEKINGE, STOCKHOLM, SimulatedLine, simulated_line

from narvaro.simulator import Truth

if TYPE_CHECKING:
    from pathlib import Path

TABLES = {
    "county_absence_by_term": ["county_code", "term_code", "school_form", "grade", "sex"],
    "county_absence_by_week": ["county_code", "iso_week"],
    "municipality_absence_by_term": ["municipality_code", "term_code", "owner_type", "school_form", "grade", "sex"],
    "municipality_absence_by_week": ["municipality_code", "iso_week"],
    "school_unit_absence_by_week": ["school_unit_code", "iso_week"],
}
SEEDS_AND_SCALES = [(7, 400.0), (7, 150.0), (2031, 400.0), (2031, 150.0)]


def published(line: SimulatedLine, table: str) -> pd.DataFrame:
    path = line.line.settings.published_dir / "narvaro.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.table(table).df()


def assert_equals_truth(line: SimulatedLine, truth: Truth) -> None:
    """Marts equal the truth row for row; so does everything that is published and not hidden."""
    with duckdb.connect(str(line.line.settings.warehouse_path), read_only=True) as connection:
        for table, key in TABLES.items():
            wanted = getattr(truth, table).set_index(key).sort_index()
            measures = [name for name in wanted.columns if name.endswith(("_count", "_minutes"))]
            mart = connection.table(f"marts.fct_{_mart(table)}").df().set_index(key).sort_index()
            pd.testing.assert_frame_equal(
                mart[measures].astype("int64"), wanted[measures].astype("int64"), check_names=False, obj=table
            )
            shown = published(line, table).set_index(key)
            shown = shown[shown.value_type == "EXISTS"]
            always = [
                name for name in measures if "band" not in name and "persistent" not in name and "classed" not in name
            ]
            pd.testing.assert_frame_equal(
                shown[always].sort_index().astype("int64"),
                wanted.loc[shown.index, always].sort_index().astype("int64"),
                check_names=False,
                obj=f"published {table}",
            )
    assert len(published(line, "county_absence_by_term")) > 0


def _mart(table: str) -> str:
    area, rest = table.split("_absence_")
    return f"absence_by_{area}_{rest.removeprefix('by_')}"


@pytest.mark.parametrize(("seed", "scale"), SEEDS_AND_SCALES)
def test_two_nights_of_a_county_equal_the_truth(tmp_path: Path, seed: int, scale: float):
    """Night 2 brings late corrections, deletions and a mover between municipalities."""
    config_dir = BLEKINGE if scale < 200 else STOCKHOLM
    scale = scale / 10 if config_dir == BLEKINGE else scale
    with simulated_line(tmp_path, config_dir, seed=seed, scale=scale, faults=()) as line:
        first = line.night
        assert line.land_all(first) == {}
        line.build_and_publish(first)
        truth = line.world.truth(line.line.county.night_bound_at(first))
        assert_equals_truth(line, truth)

        second = first + timedelta(days=3)
        assert line.land_all(second) == {}
        line.build_and_publish(second)
        later = line.world.truth(line.line.county.night_bound_at(second))
        assert not later.county_absence_by_term.equals(truth.county_absence_by_term)
        assert_equals_truth(line, later)


def test_faulty_sources_leave_the_others_exact(tmp_path: Path):
    """A silent source and one of the wrong shape are out; quarantined rows count as not reported."""
    faults = [
        {"source": "1082-karlshamn", "kind": "missing_reports", "from_date": date(2026, 9, 7)},
        {"source": "1080-karlskrona", "kind": "impossible_minutes", "rows": 12},
        {"source": "1060-olofstrom", "kind": "wrong_header"},
        {"source": "1083-solvesborg", "kind": "silent"},
    ]
    with simulated_line(tmp_path, BLEKINGE, scale=20.0, faults=faults) as line:
        assert set(line.land_all(line.night)) == {"1060-olofstrom", "1083-solvesborg"}
        line.build_and_publish(line.night)
        bound = line.line.county.night_bound_at(line.night)
        assert_equals_truth(line, line.world.truth(bound, leave_out={"1060-olofstrom", "1083-solvesborg"}))


def test_same_night_again_changes_nothing(tmp_path: Path):
    with simulated_line(tmp_path, BLEKINGE, scale=80.0) as line:
        line.land_all(line.night)
        line.build_and_publish(line.night)
        published_dir = line.line.settings.published_dir
        before = {path: path.read_bytes() for path in sorted(published_dir.rglob("*")) if path.is_file()}
        line.land_all(line.night)
        assert line.build_and_publish(line.night).startswith("Unchanged")
        assert {path: path.read_bytes() for path in sorted(published_dir.rglob("*")) if path.is_file()} == before
