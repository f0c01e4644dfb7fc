"""What a warehouse is built from: accepted loads, quarantined rows and reference tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

LOADS_SCHEMA = pa.schema(
    [("load_id", pa.string()), ("source_name", pa.string()), ("entity", pa.string()), ("night", pa.date32())]
)
QUARANTINE_SCHEMA = pa.schema(
    [
        ("_source", pa.string()),
        ("_load_id", pa.string()),
        ("_row", pa.int64()),
        ("rule", pa.string()),
        ("record_id", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class LandedLoad:
    """One accepted load and its Parquet files; a load without rows may have none."""

    load_id: str
    source: str
    entity: str
    night: date
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class WarehouseContent:
    """Everything that one build reads; the same content gives the same figures.

    Args:
        schemas: the canonical schema of each entity, without provenance.
        loads: the accepted loads of the sources.
        references: the reference tables by name, as `reference_tables` gives them.
        quarantine_files: the Parquet files of rows set aside from those loads.
    """

    schemas: Mapping[str, pa.Schema]
    loads: Sequence[LandedLoad]
    references: Mapping[str, pa.Table]
    quarantine_files: Sequence[Path] = field(default=())

    def files_of(self, entity: str) -> list[Path]:
        """Give the entity's files, in the order of their loads."""
        loads = sorted((load for load in self.loads if load.entity == entity), key=lambda load: load.load_id)
        return [path for load in loads for path in load.files]

    def loads_table(self) -> pa.Table:
        """Give the loads as a table, for what needs to know of loads without rows."""
        loads = sorted(self.loads, key=lambda load: load.load_id)
        rows = [
            {"load_id": load.load_id, "source_name": load.source, "entity": load.entity, "night": load.night}
            for load in loads
        ]
        return pa.Table.from_pylist(rows, schema=LOADS_SCHEMA)
