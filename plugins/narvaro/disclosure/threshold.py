"""Hide what rests on too few pupils, with Skolverket's words for why a value is absent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa
import pyarrow.compute as pc

from narvaro.disclosure.catalogue import CatalogueTable, Level


class ValueType(StrEnum):
    """Why a row's values can be seen or not, as Skolverket's open data name it."""

    EXISTS = "EXISTS"
    FEW_PUPILS = "OMITTED_DUE_TO_BASED_ON_FEW_PUPILS"
    MISSING = "MISSING"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The fewest pupils whose figures may be seen, per level."""

    min_unit_pupils: int = 10
    min_area_pupils: int = 5

    def min_pupils(self, level: Level) -> int:
        """Give the level's threshold."""
        return self.min_unit_pupils if level is Level.UNIT else self.min_area_pupils


def hide_small(frame: pa.Table, table: CatalogueTable, thresholds: Thresholds) -> pa.Table:
    """Give the mart's rows with every unsafe measure null and the reason beside it."""
    if not table.measures:
        return frame.select(table.published_columns)
    least = thresholds.min_pupils(table.level)
    value_type = _value_types(frame["pupils_count"], frame["offered_minutes"], least)
    protected = _keep_where_exists(frame, table.measures, value_type)
    protected = protected.append_column("value_type", value_type)
    if table.classed:
        classed_type = _value_types(frame["classed_pupils_count"], frame["classed_pupils_count"], least)
        # A hidden row hides its bands too: the bands' sum would tell a lower bound of its pupils.
        classed_type = pc.if_else(pc.equal(value_type, ValueType.EXISTS), classed_type, value_type)
        protected = _keep_where_exists(protected, table.classed, classed_type)
        protected = protected.append_column("classed_value_type", classed_type)
    return protected.select(table.published_columns)


def _value_types(pupils: pa.ChunkedArray, base: pa.ChunkedArray, least: int) -> pa.ChunkedArray:
    """Say of each row whether there is nothing, too little or enough to show."""
    pupils, base = pc.fill_null(pupils, 0), pc.fill_null(base, 0)
    enough = pc.if_else(pc.less(pupils, least), pa.scalar(ValueType.FEW_PUPILS), pa.scalar(ValueType.EXISTS))
    return pc.if_else(pc.equal(base, 0), pa.scalar(ValueType.MISSING), enough)


def _keep_where_exists(frame: pa.Table, names: Sequence[str], value_type: pa.ChunkedArray) -> pa.Table:
    """Null the named columns of every row whose value type is not EXISTS."""
    is_shown = pc.equal(value_type, ValueType.EXISTS)
    for name in names:
        nothing = pa.scalar(None, type=frame[name].type)
        frame = frame.set_column(frame.schema.get_field_index(name), name, pc.if_else(is_shown, frame[name], nothing))
    return frame
