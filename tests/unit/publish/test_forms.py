from __future__ import annotations

import datetime as dt
import struct
from types import SimpleNamespace

import duckdb
import pyarrow as pa
import pytest

from narvaro.errors import PublishError
from narvaro.publish.forms import csv_from_table, write_duckdb
from narvaro.publish.tables import ReferenceColumn


@pytest.fixture
def table():
    columns = [
        ReferenceColumn("code", "VARCHAR", "Kommunens kod.", "The municipality's code."),
        ReferenceColumn("rate", "DOUBLE", "Andel.", "Rate."),
        ReferenceColumn("is_stale", "BOOLEAN", "Inaktuell.", "Stale."),
        ReferenceColumn("night", "DATE", "Natt.", "Night."),
    ]
    data = pa.table(
        {
            "code": ["0180", 'Å "B", C'],
            "rate": [8.25, None],
            "is_stale": [True, False],
            "night": [dt.date(2026, 9, 19), None],
        }
    )
    return SimpleNamespace(name="areas", sv="Områden.", en="Areas.", columns=columns, data=data)


def test_csv_follows_rfc_4180_with_nothing_for_null(table):
    assert csv_from_table(table.data).decode() == (
        'code,rate,is_stale,night\r\n0180,8.25,true,2026-09-19\r\n"Å ""B"", C",,false,\r\n'
    )


def test_csv_keeps_every_digit_of_a_rate():
    rate = 100 * 1 / 3
    assert float(csv_from_table(pa.table({"rate": [rate]})).split()[1]) == rate


def test_duckdb_file_holds_rows_and_meanings(table, tmp_path):
    path = tmp_path / "narvaro.duckdb"
    write_duckdb(path, [table])
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("select * from areas").to_arrow_table().equals(table.data)
        assert connection.execute("select comment from duckdb_tables()").fetchall() == [("Områden. | Areas.",)]
        comments = connection.execute("select comment from duckdb_columns() where table_name = 'areas'").fetchall()
    assert comments[0] == ("Kommunens kod. | The municipality's code.",)


def test_duckdb_file_stands_alone_and_old_readers_know_its_storage(table, tmp_path):
    write_duckdb(tmp_path / "narvaro.duckdb", [table])
    assert [path.name for path in tmp_path.iterdir()] == ["narvaro.duckdb"]
    header = (tmp_path / "narvaro.duckdb").read_bytes()[:20]
    # The storage number stands after the magic word: 65 is read by 1.2 and later, 67 only by 1.4 and later.
    assert (header[8:12], struct.unpack("<Q", header[12:20])[0]) == (b"DUCK", 65)


def test_duckdb_file_has_the_same_bytes_each_time(tmp_path):
    numbers = list(range(50_000))
    data = pa.table({"code": [f"{n % 97:04}" for n in numbers], "rate": [n / 7 for n in numbers]})
    columns = [ReferenceColumn("code", "VARCHAR", "k", "c"), ReferenceColumn("rate", "DOUBLE", "a", "r")]
    table = SimpleNamespace(name="areas", sv="s", en="e", columns=columns, data=data)
    for name in ("one", "two"):
        write_duckdb(tmp_path / name, [table])
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_duckdb_file_that_cannot_be_written_is_an_error_that_says_what_to_do(table, tmp_path):
    with pytest.raises(PublishError, match="make room or give the right to write"):
        write_duckdb(tmp_path / "no such folder" / "narvaro.duckdb", [table])
