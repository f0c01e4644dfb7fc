"""The published tables and what each of their columns may show, read from `tables.yml`."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

CATALOGUE_PATH = Path(__file__).with_name("tables.yml")


class Level(StrEnum):
    """Whose threshold a table's rows are held against."""

    AREA = "area"
    UNIT = "unit"
    NONE = "none"


class Column(BaseModel):
    """One published column: its name, its SQL type and its meaning in both languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: str
    sv: str
    en: str


class CatalogueTable(BaseModel):
    """One published table: its columns by the part that they play in the protection."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    sv: str
    en: str
    level: Level
    key: tuple[str, ...]
    measures: tuple[str, ...] = ()
    classed: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    columns: tuple[Column, ...] = Field(default=(), description="In published order.")

    @property
    def mart_columns(self) -> tuple[str, ...]:
        """The columns that are read from the mart, in order."""
        return (*self.key, *self.measures, *self.classed, *self.status)

    @property
    def published_columns(self) -> tuple[str, ...]:
        """The columns that leave: the mart's and the protection's own."""
        added = ("value_type",) if self.measures else ()
        return self.mart_columns + added + (("classed_value_type",) if self.classed else ())

    @model_validator(mode="after")
    def _has_a_base_to_hold_the_threshold_against(self) -> Self:
        """Refuse figures that nothing could hide."""
        if self.measures and (self.level is Level.NONE or "pupils_count" not in self.measures):
            message = f"{self.name}: measures need a level (area, unit) and pupils_count among them."
            raise ValueError(message)
        if self.classed and "classed_pupils_count" not in self.classed:
            message = f"{self.name}: classed columns need classed_pupils_count among them."
            raise ValueError(message)
        return self


@cache
def load_catalogue(path: Path = CATALOGUE_PATH) -> tuple[CatalogueTable, ...]:
    """Read the catalogue; every table gets its columns' types and meanings."""
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    columns = {name: Column(name=name, **entry) for name, entry in entries["columns"].items()}
    bare = [CatalogueTable(name=name, **entry) for name, entry in entries["tables"].items()]
    return tuple(
        table.model_copy(update={"columns": tuple(columns[name] for name in table.published_columns)}) for table in bare
    )
