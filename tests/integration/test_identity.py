"""Who is one human being, from landed rows to the marts and the letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from simulated_line import SimulatedLine

from narvaro.orchestration import county_steps
from narvaro.orchestration.loads import load_paths

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = "1081-ronneby"


@pytest.fixture
def home(finished_night: SimulatedLine, tmp_path: Path) -> SimulatedLine:
    return finished_night.copied_to(tmp_path / "home")


def pupils_file(home: SimulatedLine, source: str) -> Path:
    loads = home.line.ledger.accepted_loads(source=source)
    (path,) = (path for load in loads if load.entity == "pupils" for path in load_paths(home.line.settings, load))
    return path


def change_pupils(path: Path, *changes: dict[str, object]) -> list[dict[str, object]]:
    """Change the first rows of a landed file of pupils; gives its rows as they were."""
    table = pq.read_table(path)
    rows = table.to_pylist()
    changed = [row | (changes[place] if place < len(changes) else {}) for place, row in enumerate(rows)]
    pq.write_table(pa.Table.from_pylist(changed, schema=table.schema), path)
    return rows


def build(home: SimulatedLine) -> list[str]:
    """Build and check anew; gives the rules of the issues that stand open."""
    home.line.settings.warehouse_path.unlink()
    county_steps.build(home.line, home.night)
    county_steps.check_marts(home.line, home.night)
    return [issue.rule for issue in home.line.ledger.issues() if issue.state == "open" and issue.source == SOURCE]


def pupil_ids(home: SimulatedLine, *people: object) -> list[str]:
    with duckdb.connect(str(home.line.settings.warehouse_path), read_only=True) as store:
        query = "select person_id, pupil_id from intermediate.int_pupils__identified"
        found = dict(store.execute(query).fetchall())
    return [found[person] for person in people]


def test_two_people_with_one_number_are_told_and_not_joined(home: SimulatedLine):
    rows = change_pupils(
        pupils_file(home, SOURCE), {"pupil_id": "f" * 32, "sex": "Man"}, {"pupil_id": "f" * 32, "sex": "Kvinna"}
    )
    assert "disputed_identity" in build(home)
    people = [rows[0]["person_id"], rows[1]["person_id"]]
    assert pupil_ids(home, *people) == people


def test_two_records_of_one_pupil_are_one_and_nothing_is_told(home: SimulatedLine):
    rows = change_pupils(
        pupils_file(home, SOURCE), {"pupil_id": "f" * 32, "sex": "Man"}, {"pupil_id": "f" * 32, "sex": "Man"}
    )
    assert "disputed_identity" not in build(home)
    assert pupil_ids(home, rows[0]["person_id"], rows[1]["person_id"]) == ["f" * 32] * 2
