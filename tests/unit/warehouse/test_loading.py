from __future__ import annotations

from datetime import date

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from narvaro.errors import BuildError
from narvaro.sources.contract import ENTITIES, PROVENANCE
from narvaro.warehouse import LandedLoad, WarehouseContent
from narvaro.warehouse.loading import drop_raw, load

NIGHT = date(2026, 9, 19)
MODIFIED = "source_modified_at"
RAW_COLUMNS = {
    entity: {*schema.names} - {MODIFIED} | {"_source", "_load_id", "_row", "_source_modified_at"}
    for entity, schema in ENTITIES.items()
}


def a_landed_file(path, entity="pupils", **changes):
    fields = [field.with_name("_source_modified_at") if field.name == MODIFIED else field for field in ENTITIES[entity]]
    schema = pa.schema([*fields, *PROVENANCE])
    row = {"person_id": "p", "_source": "s", "_load_id": path.stem, "_row": 0} | changes
    pq.write_table(pa.Table.from_pylist([row], schema=schema), path)
    return LandedLoad(path.stem, "s", entity, NIGHT, (path,))


def raw_columns(path) -> dict[str, set[str]]:
    with duckdb.connect(str(path)) as connection:
        rows = connection.execute(
            "select table_name, column_name from duckdb_columns() where schema_name = 'raw'"
        ).fetchall()
    found: dict[str, set[str]] = {}
    for table, column in rows:
        found.setdefault(table.removeprefix("raw__"), set()).add(column)
    return found


def test_load_gives_landed_and_empty_entities_the_same_columns(tmp_path):
    landed = a_landed_file(tmp_path / "20260919-s-pupils-0.parquet")
    load(tmp_path / "w.duckdb", WarehouseContent(ENTITIES, [landed], {}))
    found = raw_columns(tmp_path / "w.duckdb")
    assert {entity: found[entity] for entity in ENTITIES} == RAW_COLUMNS


def test_load_reads_exactly_the_named_files(tmp_path):
    landed = a_landed_file(tmp_path / "20260919-s-pupils-0.parquet", person_id="known")
    a_landed_file(tmp_path / "20260919-s-pupils-1.parquet", person_id="left by a killed run")
    load(tmp_path / "w.duckdb", WarehouseContent(ENTITIES, [landed], {}))
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        assert connection.execute("select person_id from raw.raw__pupils").fetchall() == [("known",)]


def test_load_takes_paths_with_quotes_and_brackets(tmp_path):
    folder = tmp_path / "it's [a] folder=x"
    folder.mkdir()
    landed = a_landed_file(folder / "20260919-s-pupils-0.parquet")
    load(tmp_path / "w.duckdb", WarehouseContent(ENTITIES, [landed], {}))
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        assert connection.execute("select count(*) from raw.raw__pupils").fetchall() == [(1,)]


def test_a_broken_landed_file_is_an_error_without_its_content(tmp_path):
    path = tmp_path / "20260919-s-pupils-0.parquet"
    path.write_bytes(b"Kanarie" * 100)
    landed = LandedLoad(path.stem, "s", "pupils", NIGHT, (path,))
    with pytest.raises(BuildError, match="the landed pupils") as failure:
        load(tmp_path / "w.duckdb", WarehouseContent(ENTITIES, [landed], {}))
    assert "Kanarie" not in str(failure.value)


def test_drop_raw_leaves_no_path_behind(tmp_path):
    landed = a_landed_file(tmp_path / "20260919-s-pupils-0.parquet")
    load(tmp_path / "w.duckdb", WarehouseContent(ENTITIES, [landed], {}))
    drop_raw(tmp_path / "w.duckdb")
    assert raw_columns(tmp_path / "w.duckdb") == {}
    assert not (tmp_path / "w.duckdb.wal").exists()


@pytest.mark.parametrize("names", [("older",), ("newer",), ("older", "newer")])
def test_a_column_that_older_loads_lack_is_null_in_them(tmp_path, names):
    """Rows that landed before reasons were kept, beside rows that landed after."""
    loads = []
    for name in names:
        path = tmp_path / f"20260919-s-attendances-{name}.parquet"
        row = {"person_id": name} | ({"reason_code": "sjuk"} if name == "newer" else {})
        loads.append(a_landed_file(path, "attendances", **row))
        if name == "older":
            pq.write_table(pq.ParquetFile(path).read().drop_columns("reason_code"), path)
    load(tmp_path / "w.duckdb", WarehouseContent(ENTITIES, loads, {}))
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        rows = connection.execute("select person_id, reason_code from raw.raw__attendances order by all").fetchall()
    assert rows == [(name, "sjuk" if name == "newer" else None) for name in sorted(names)]
