"""publication.yml: which tables are published, and from how many pupils."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from narvaro.county.values import Entry, Language


class PublishedTable(Entry):
    """One table that leaves the house."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="Name of the published table.")
    mart: str = Field(
        pattern=r"^(fct|dim|ledger)_[a-z0-9_]+$",
        description="The mart that it is made from, or ledger_verdicts, ledger_open_issues or ledger_rule_counts.",
    )
    title_sv: str = Field(min_length=1, description="Title in Swedish.")
    title_en: str = Field(min_length=1, description="Title in English.")
    description_sv: str = Field(min_length=1, description="What one row is, in Swedish.")
    description_en: str = Field(min_length=1, description="What one row is, in English.")
    level: Literal["unit", "area", "none"] = Field(
        description="Whose threshold holds: unit (school unit), area (municipality, county), or none (no figures)."
    )
    key: tuple[str, ...] = Field(min_length=1, description="Columns that name a row.")
    attributes: tuple[str, ...] = Field(default=(), description="Columns that describe a row and are never hidden.")
    pupils_column: str | None = Field(
        default="pupils_count", description="Column that the threshold is held against; null where nothing is counted."
    )
    measures: tuple[str, ...] = Field(default=(), description="Columns that are hidden below the threshold.")
    band_measures: tuple[str, ...] = Field(
        default=(), description="Columns that are hidden also when classed_column is below the threshold."
    )
    classed_column: str | None = Field(default=None, description="Number of pupils that the band measures rest on.")
    ledger_columns: tuple[str, ...] = Field(
        default=(), description="Columns that no mart has: what the ledger tells of the source that a row is about."
    )

    def title(self, language: Language) -> str:
        """Give the title in a language."""
        return self.title_sv if language == "sv" else self.title_en

    def description(self, language: Language) -> str:
        """Say in a language what one row is."""
        return self.description_sv if language == "sv" else self.description_en

    @property
    def is_of_ledger(self) -> bool:
        """Whether it is made from the ledger, and not from a mart."""
        return self.mart.startswith("ledger_")

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that the mart has to give, in the order they are published."""
        named = (
            *self.key,
            *self.attributes,
            self.pupils_column,
            *self.measures,
            self.classed_column,
            *self.band_measures,
        )
        return tuple(dict.fromkeys(column for column in named if column is not None))


class Thresholds(Entry):
    """From how many pupils a row is shown."""

    unit_pupils: int = Field(default=10, ge=1, description="Fewest pupils of a shown school-unit row.")
    area_pupils: int = Field(default=5, ge=1, description="Fewest pupils of a shown municipality or county row.")


class Publication(Entry):
    """publication.yml: the tables that are published, and their thresholds."""

    thresholds: Thresholds = Field(default=Thresholds(), description="From how many pupils a row is shown.")
    tables: tuple[PublishedTable, ...] = Field(description="One entry per published table.")

    def threshold(self, table: PublishedTable) -> int:
        """Give the fewest pupils of a row that the table may show; 0 for a table without figures."""
        if table.level == "none":
            return 0
        return self.thresholds.unit_pupils if table.level == "unit" else self.thresholds.area_pupils
