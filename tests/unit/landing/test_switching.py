"""Rows replaced by changed ones: staged beside, planned, switched."""

from __future__ import annotations

import json
import stat
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from narvaro.errors import BusyError, LandingError
from narvaro.landing import (
    NightLanding,
    all_sources_locked,
    end_switch,
    has_loads,
    is_switching,
    keys_in_force,
    landed_manifests,
    put_keys_in_force,
    stage_all,
    switch,
    verify_load,
)
from narvaro.landing.parquet import ROW_GROUP_ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NIGHT = date(2026, 9, 19)
UNTIL = datetime(2026, 9, 19, 1, tzinfo=UTC)
PEOPLE = pa.schema([("person_id", pa.string()), ("source_modified_at", pa.timestamp("us", tz="UTC"))])
PLACES = pa.schema([("place_id", pa.string()), ("source_modified_at", pa.timestamp("us", tz="UTC"))])
OLD, NEW = ("one",), ("one", "two")


@pytest.fixture
def landed(tmp_path: Path) -> Path:
    landing_dir = tmp_path / "landing"
    for source in ("a", "b"):
        with NightLanding(landing_dir, source, NIGHT, UNTIL, {}, key_id="one") as landing:
            landing.write("people", rows(PEOPLE, [f"p{number}" for number in range(3)]))
            landing.write("places", rows(PLACES, ["x"]))
            landing.write("empty", rows(PEOPLE, []))
            landing.seal(None)
    put_keys_in_force(landing_dir, OLD)
    return landing_dir


def rows(schema: pa.Schema, ids: list[str]) -> pa.RecordBatch:
    return pa.record_batch([pa.array(ids, pa.string()), pa.nulls(len(ids), schema.field(1).type)], schema=schema)


def louder(table: pa.Table) -> pa.Table:
    place = table.column_names.index("person_id")
    return table.set_column(place, "person_id", pc.utf8_upper(table.column(place)))


def has_people(columns: Sequence[str]) -> bool:
    return "person_id" in columns


def people(landing_dir: Path) -> list[str]:
    return [
        name
        for path in landing_dir.glob("people/*/*/*.parquet")
        for name in pq.read_table(path)["person_id"].to_pylist()
    ]


def test_staging_changes_nothing_that_is_read_until_the_switch(landed: Path):
    before = [manifest.to_dict() for manifest in landed_manifests(landed)]
    staged = stage_all(landed, has_people, louder, NEW)
    assert (staged.loads, staged.rows) == (6, 8)
    assert [manifest.to_dict() for manifest in landed_manifests(landed)] == before
    assert people(landed) == ["p0", "p1", "p2"] * 2
    assert keys_in_force(landed) == OLD
    assert is_switching(landed)


def test_after_the_switch_every_load_is_what_its_manifest_says(landed: Path):
    untouched = {path: path.read_bytes() for path in landed.glob("places/*/*/*.parquet")}
    stage_all(landed, has_people, louder, NEW)
    switch(landed)
    switch(landed)
    end_switch(landed)
    assert people(landed) == ["P0", "P1", "P2"] * 2
    for manifest in landed_manifests(landed):
        verify_load(landed, manifest)
        assert manifest.key_id == "one.two"
    assert {path: path.read_bytes() for path in untouched} == untouched
    assert not is_switching(landed)
    assert keys_in_force(landed) == NEW
    assert sorted(path.name for path in landed.iterdir()) == [".key.json", ".locks", "empty", "people", "places"]


def test_a_staging_without_a_plan_counts_for_nothing(landed: Path):
    stage_all(landed, has_people, louder, NEW)
    (landed / ".switching" / "plan.json").unlink()
    assert not is_switching(landed)
    stage_all(landed, has_people, lambda table: table, NEW)
    switch(landed)
    assert people(landed) == ["p0", "p1", "p2"] * 2


def test_large_loads_keep_their_row_groups_numbers_and_modes(tmp_path: Path):
    landing_dir = tmp_path / "landing"
    names = [f"person {number}" for number in range(ROW_GROUP_ROWS + 10)]
    with NightLanding(landing_dir, "a", NIGHT, UNTIL, {}) as landing:
        landing.write("people", rows(PEOPLE, names[:ROW_GROUP_ROWS]))
        landing.write("people", rows(PEOPLE, names[ROW_GROUP_ROWS:]))
        landing.seal(None)
    (path,) = landing_dir.glob("people/*/*/*.parquet")
    before = pq.read_table(path)
    put_keys_in_force(landing_dir, OLD)
    stage_all(landing_dir, has_people, louder, NEW)
    switch(landing_dir)
    after = pq.read_table(path)
    assert after.schema == before.schema
    assert after.drop_columns("person_id") == before.drop_columns("person_id")
    assert after.column("person_id").to_pylist() == [name.upper() for name in names]
    assert pq.ParquetFile(path).num_row_groups == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_is_not_what_was_landed_is_not_given_a_new_hash(landed: Path):
    (path, *_) = sorted(landed.glob("people/*/*/*.parquet"))
    pq.write_table(louder(pq.read_table(path)), path)
    with pytest.raises(LandingError, match="not the file that was landed"):
        stage_all(landed, has_people, louder, NEW)
    assert not is_switching(landed)


def test_nobody_lands_meanwhile(landed: Path):
    with all_sources_locked(landed, ["a", "new"]):
        for source in ("a", "b", "new"):
            with pytest.raises(BusyError), NightLanding(landed, source, NIGHT, UNTIL, {}):
                pass
    with NightLanding(landed, "a", NIGHT, UNTIL, {}), pytest.raises(BusyError), all_sources_locked(landed, []):
        pass


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"keys": []}', '{"keys": 3}', "\x00"])
def test_a_damaged_note_of_the_key_is_an_error_and_not_a_first_landing(landed: Path, text: str):
    (landed / ".key.json").write_text(text, encoding="utf-8")
    with pytest.raises(LandingError, match="Restore the landing"):
        keys_in_force(landed)


def test_before_the_first_landing_no_key_is_in_force(tmp_path: Path):
    assert keys_in_force(tmp_path / "landing") == ()
    assert not has_loads(tmp_path / "landing")
    put_keys_in_force(tmp_path / "landing", OLD)
    assert keys_in_force(tmp_path / "landing") == OLD
    assert stat.S_IMODE((tmp_path / "landing" / ".key.json").stat().st_mode) == 0o600
    assert not has_loads(tmp_path / "landing")


def test_a_manifest_of_before_key_names_is_read(landed: Path):
    path = next(landed.glob("people/*/*/manifest.json"))
    plain = json.loads(path.read_text(encoding="utf-8"))
    del plain["key_id"]
    path.write_text(json.dumps(plain), encoding="utf-8")
    assert "" in {manifest.key_id for manifest in landed_manifests(landed)}
