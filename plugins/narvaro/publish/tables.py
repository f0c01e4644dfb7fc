"""What a release is made of: tables that another room has protected, and one of our own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class ColumnLike(Protocol):
    """One column's name, SQL type and meaning in both languages."""

    @property
    def name(self) -> str:
        """In snake_case."""

    @property
    def type(self) -> str:
        """As DuckDB spells it."""

    @property
    def sv(self) -> str:
        """Meaning in Swedish."""

    @property
    def en(self) -> str:
        """Meaning in English."""


class TableLike(Protocol):
    """One table that may leave, with the meaning of everything in it."""

    @property
    def name(self) -> str:
        """In snake_case."""

    @property
    def sv(self) -> str:
        """Meaning in Swedish."""

    @property
    def en(self) -> str:
        """Meaning in English."""

    @property
    def columns(self) -> Sequence[ColumnLike]:
        """In published order."""

    @property
    def data(self) -> pa.Table:
        """The rows, already protected."""


@dataclass(frozen=True, slots=True)
class ReferenceColumn:
    """One column of a reference table."""

    name: str
    type: str
    sv: str
    en: str


@dataclass(frozen=True, slots=True)
class ReferenceTable:
    """One table without figures about pupils."""

    name: str
    sv: str
    en: str
    columns: tuple[ReferenceColumn, ...]
    data: pa.Table


_ARROW_TYPES = {"VARCHAR": pa.string(), "DATE": pa.date32()}

RELEASE_COLUMNS = (
    ReferenceColumn("release_id", "VARCHAR", "Utgåvans id, räknat på dess innehåll.", "The release's id, a hash."),
    ReferenceColumn("night", "DATE", "Natten som utgåvan bygger på.", "The night that the release rests on."),
    ReferenceColumn("county_code", "VARCHAR", "Länets kod.", "The county's code."),
    ReferenceColumn("county_name", "VARCHAR", "Länets namn.", "The county's name."),
    ReferenceColumn("status", "VARCHAR", "preliminary: uppgifterna kan ändras.", "preliminary: figures may change."),
    ReferenceColumn("loads_fingerprint", "VARCHAR", "Leveranserna bakom utgåvan.", "The loads behind the release."),
    ReferenceColumn("code_version", "VARCHAR", "Programmets version.", "The program's version."),
)


def release_table(row: Mapping[str, object]) -> ReferenceTable:
    """Give the one row that says what this release is."""
    schema = pa.schema([(column.name, _ARROW_TYPES[column.type]) for column in RELEASE_COLUMNS])
    data = pa.Table.from_pylist([dict(row)], schema=schema)
    return ReferenceTable("releases", "Utgåvan själv.", "The release itself.", RELEASE_COLUMNS, data)
