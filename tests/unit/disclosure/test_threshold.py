from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narvaro.county import PublishedTable
from narvaro.disclosure import ValueType, hide_small

AREA = PublishedTable(
    name="areas",
    mart="fct_areas",
    title_sv="Områden",
    title_en="Areas",
    description_sv="En rad per område.",
    description_en="One row per area.",
    level="area",
    key=("code",),
    attributes=("is_stale",),
    measures=("offered_minutes", "absence_rate_pct"),
    classed_column="classed_pupils_count",
    band_measures=("band_00_count",),
)
MEASURES = ("pupils_count", "offered_minutes", "absence_rate_pct")
CLASSED = ("classed_pupils_count", "band_00_count")


def a_row(**changes) -> dict:
    """A row that everybody may see; override what your test is about."""
    row = {"code": "01", "is_stale": False, "pupils_count": 40, "offered_minutes": 9000, "absence_rate_pct": 8.5}
    return row | {"classed_pupils_count": 30, "band_00_count": 6} | changes


def hidden(*rows: dict, min_pupils: int = 5) -> list[dict]:
    return hide_small(pa.Table.from_pylist(list(rows)), AREA, min_pupils).to_pylist()


@pytest.mark.parametrize(
    ("pupils", "value_type"),
    [(0, ValueType.MISSING), (1, ValueType.FEW_PUPILS), (4, ValueType.FEW_PUPILS), (5, ValueType.EXISTS)],
)
def test_hide_small_closes_the_threshold_below(pupils, value_type):
    offered = 60 * pupils
    (row,) = hidden(a_row(pupils_count=pupils, classed_pupils_count=pupils, offered_minutes=offered))
    assert row["value_type"] == value_type
    is_shown = value_type == ValueType.EXISTS
    assert all((row[name] is not None) == is_shown for name in (*MEASURES, *CLASSED))


def test_hide_small_uses_the_words_of_skolverket():
    assert [str(word) for word in ValueType] == ["EXISTS", "OMITTED_DUE_TO_BASED_ON_FEW_PUPILS", "MISSING"]


def test_hide_small_hides_the_number_of_pupils_too():
    (row,) = hidden(a_row(pupils_count=3, offered_minutes=700))
    assert row["pupils_count"] is None


def test_hide_small_keeps_keys_and_status_of_a_hidden_row():
    (row,) = hidden(a_row(pupils_count=3, is_stale=True))
    assert (row["code"], row["is_stale"]) == ("01", True)


@pytest.mark.parametrize(("classed", "reason"), [(4, ValueType.FEW_PUPILS), (0, ValueType.MISSING)])
def test_hide_small_hides_bands_of_few_classed_pupils_alone(classed, reason):
    (row,) = hidden(a_row(classed_pupils_count=classed))
    assert (row["value_type"], row["classed_value_type"]) == (ValueType.EXISTS, reason)
    assert [row[name] for name in CLASSED] == [None, None]
    assert row["offered_minutes"] == 9000


def test_hide_small_hides_bands_of_a_hidden_row_even_when_many_are_classed():
    (row,) = hidden(a_row(pupils_count=4, classed_pupils_count=50))
    assert row["classed_value_type"] == ValueType.FEW_PUPILS
    assert row["band_00_count"] is None


def test_hide_small_calls_nothing_reported_missing_even_with_pupils():
    (row,) = hidden(a_row(offered_minutes=0, absence_rate_pct=None))
    assert (row["value_type"], row["pupils_count"]) == (ValueType.MISSING, None)


def test_hide_small_takes_null_for_nothing():
    (row,) = hidden(a_row(), a_row(pupils_count=None, offered_minutes=None))[1:]
    assert row["value_type"] == ValueType.MISSING


def test_hide_small_leaves_the_type_of_a_column_alone():
    frame = pa.Table.from_pylist([a_row(pupils_count=1)])
    assert hide_small(frame, AREA, 5).schema.field("offered_minutes").type == pa.int64()


def test_hide_small_of_no_rows_gives_the_same_columns():
    empty = pa.Table.from_pylist([a_row()]).slice(0, 0)
    assert hide_small(empty, AREA, 5).column_names == [*a_row(), "value_type", "classed_value_type"]


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 9000)).map(
            lambda n: a_row(pupils_count=n[0], classed_pupils_count=n[1], offered_minutes=n[2])
        ),
        min_size=1,
        max_size=30,
    ),
    st.integers(1, 15),
)
def test_hide_small_shows_a_figure_only_with_its_reason_and_enough_pupils(rows, min_pupils):
    for given_row, row in zip(rows, hidden(*rows, min_pupils=min_pupils), strict=True):
        shown = [name for name in MEASURES if row[name] is not None]
        assert shown == (list(MEASURES) if row["value_type"] == ValueType.EXISTS else [])
        assert not shown or given_row["pupils_count"] >= min_pupils
        banded = [name for name in CLASSED if row[name] is not None]
        assert banded == (list(CLASSED) if row["classed_value_type"] == ValueType.EXISTS else [])
        assert not banded or (shown and given_row["classed_pupils_count"] >= min_pupils)
