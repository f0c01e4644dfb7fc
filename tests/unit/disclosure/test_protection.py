from __future__ import annotations

import duckdb
import pytest

from narvaro.county import Publication, PublishedTable, Thresholds
from narvaro.disclosure import protect_marts, protection, publishable_columns
from narvaro.errors import PrivacyError, PublishError

CANARY = "cafe0123456789abcdef0123456789ab"


def a_table(**changes) -> PublishedTable:
    """The week table of municipalities with two measures."""
    entry = {
        "name": "areas_by_week",
        "mart": "fct_areas_by_week",
        "title_sv": "Områden",
        "title_en": "Areas",
        "description_sv": "En rad per område.",
        "description_en": "One row per area.",
        "level": "area",
        "key": ["municipality_code", "iso_week"],
        "measures": ["offered_minutes"],
    }
    return PublishedTable(**(entry | changes))


def a_publication(*tables: PublishedTable) -> Publication:
    return Publication(thresholds=Thresholds(unit_pupils=10, area_pupils=5), tables=tables or (a_table(),))


@pytest.fixture
def warehouse_path(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.fct_areas_by_week as select * from (values "
            f"('02', '2026-W34', 4::int, 500::hugeint, '{CANARY}'), ('01', '2026-W35', 7, 900, '{CANARY}'), "
            f"('01', '2026-W34', 7, 800, '{CANARY}')"
            ") rows(municipality_code, iso_week, pupils_count, offered_minutes, pupil_id)"
        )
    return path


def test_protect_marts_reads_the_listed_columns_in_the_order_of_the_key(warehouse_path):
    (table,) = protect_marts(warehouse_path, a_publication())
    assert [tuple(row.values()) for row in table.data.to_pylist()] == [
        ("01", "2026-W34", 7, 800, "EXISTS"),
        ("01", "2026-W35", 7, 900, "EXISTS"),
        ("02", "2026-W34", None, None, "OMITTED_DUE_TO_BASED_ON_FEW_PUPILS"),
    ]
    assert [column.name for column in table.columns] == table.data.column_names


def test_protect_marts_casts_to_types_that_every_driver_knows(warehouse_path):
    (table,) = protect_marts(warehouse_path, a_publication())
    assert str(table.data.schema.field("offered_minutes").type) == "int64"


def test_protect_marts_holds_units_against_their_own_threshold(warehouse_path):
    (table,) = protect_marts(warehouse_path, a_publication(a_table(level="unit")))
    assert set(table.data["value_type"].to_pylist()) == {"OMITTED_DUE_TO_BASED_ON_FEW_PUPILS"}


def test_protect_marts_refuses_a_column_that_no_county_may_publish(warehouse_path):
    with pytest.raises(PublishError, match="pupil_id may not be published"):
        protect_marts(warehouse_path, a_publication(a_table(attributes=["pupil_id"])))


def test_protect_marts_names_what_a_mart_lacks(warehouse_path):
    with pytest.raises(PublishError, match=r"fct_areas_by_week lacks coverage_pct"):
        protect_marts(warehouse_path, a_publication(a_table(measures=["offered_minutes", "coverage_pct"])))


def test_protect_marts_without_a_warehouse_says_what_to_do(tmp_path):
    with pytest.raises(PublishError, match="narvaro build"):
        protect_marts(tmp_path / "none.duckdb", a_publication())


def test_protect_marts_of_a_damaged_warehouse_quotes_nothing_of_it(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(CANARY.encode() * 1000)
    with pytest.raises(PublishError) as caught:
        protect_marts(path, a_publication())
    assert CANARY not in str(caught.value)


def test_protect_marts_does_not_trust_the_hiding(warehouse_path, monkeypatch):
    honest = protection.hide_small
    monkeypatch.setattr(protection, "hide_small", lambda frame, table, _least: honest(frame, table, 1))
    with pytest.raises(PrivacyError, match="fewer than 5 pupils"):
        protect_marts(warehouse_path, a_publication())


def test_publishable_columns_explain_themselves_in_both_languages():
    for column in publishable_columns().values():
        assert column.sv.endswith("."), column.name
        assert column.en.endswith("."), column.name
        assert column.type in {"VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "DATE"}, column.name
