"""Hide what rests on too few pupils, with Skolverket's words for why a value is absent."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from narvaro.county import PublishedTable


class ValueType(StrEnum):
    """Why a row's values can be seen or not, as Skolverket's open data name it."""

    EXISTS = "EXISTS"
    FEW_PUPILS = "OMITTED_DUE_TO_BASED_ON_FEW_PUPILS"
    MISSING = "MISSING"


def hide_small(frame: pa.Table, table: PublishedTable, min_pupils: int) -> pa.Table:
    """Give the mart's rows with every unsafe measure null and the reason beside it."""
    if table.pupils_column is None:
        return frame
    pupils = pc.fill_null(frame[table.pupils_column], 0)
    value_type = _value_types(pupils, pupils, min_pupils)
    if "offered_minutes" in table.measures:
        value_type = _value_types(pupils, pc.fill_null(frame["offered_minutes"], 0), min_pupils)
    classed_type = None
    if table.classed_column is not None:
        classed = pc.fill_null(frame[table.classed_column], 0)
        # A hidden row hides its bands too: their sum would tell how many pupils there are at least.
        is_shown = pc.equal(value_type, ValueType.EXISTS)
        classed_type = pc.if_else(is_shown, _value_types(classed, classed, min_pupils), value_type)
    frame = _keep_where_exists(frame, (table.pupils_column, *table.measures), value_type)
    frame = frame.append_column("value_type", value_type)
    if table.classed_column is None or classed_type is None:
        return frame
    frame = _keep_where_exists(frame, (table.classed_column, *table.band_measures), classed_type)
    return frame.append_column("classed_value_type", classed_type)


def _value_types(pupils: pa.ChunkedArray, base: pa.ChunkedArray, min_pupils: int) -> pa.ChunkedArray:
    """Say of each row whether there is nothing, too little or enough to show."""
    few, enough, nothing = (
        pa.scalar(str(word)) for word in (ValueType.FEW_PUPILS, ValueType.EXISTS, ValueType.MISSING)
    )
    return pc.if_else(pc.equal(base, 0), nothing, pc.if_else(pc.less(pupils, min_pupils), few, enough))


def _keep_where_exists(frame: pa.Table, names: Iterable[str], value_type: pa.ChunkedArray) -> pa.Table:
    """Null the named columns of every row whose value type is not EXISTS."""
    is_shown = pc.equal(value_type, ValueType.EXISTS)
    for name in names:
        nothing = pa.scalar(None, type=frame[name].type)
        frame = frame.set_column(frame.schema.get_field_index(name), name, pc.if_else(is_shown, frame[name], nothing))
    return frame
