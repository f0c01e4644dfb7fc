"""The register of measures (insatser): what is done where, frozen before anybody looks at the outcome."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from narvaro.county import load_file

# The levels of Insatspyramiden, as the programme Fullföljd utbildning uses them.
Level = Literal["främjande", "förebyggande", "åtgärdande"]
FILE_NAME = "measures.yml"


class Measure(BaseModel):
    """One measure in some school units."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    measure_id: str = Field(pattern=r"^[a-z0-9-]+$", description="Short name, e.g. narvaroteam-2026.")
    title: str = Field(min_length=1, description="What it is called.")
    level: Level = Field(description="främjande, förebyggande or åtgärdande.")
    school_units: tuple[str, ...] = Field(min_length=1, description="Codes of the units that have it.")
    target_group: str = Field(default="", description="Whom it is for, in words; never a pupil.")
    dose: str = Field(default="", description="How much of it, planned and actual.")
    start_date: date = Field(description="The first day that it could have worked.")
    end_date: date | None = Field(default=None, description="The last day; open when absent.")
    frozen_date: date = Field(description="The day when outcome, window and comparison were decided.")
    window_weeks: int = Field(default=12, ge=4, le=52, description="School weeks before and after that are compared.")
    comparisons: tuple[str, ...] = Field(default=(), description="Units to compare with; the most alike when absent.")

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        """Demand days in order, and a comparison that does not have the measure."""
        if self.end_date is not None and self.end_date < self.start_date:
            message = "end_date lies before start_date. Correct one of them."
            raise ValueError(message)
        if set(self.school_units) & set(self.comparisons):
            message = "a unit is both treated and compared with. Keep it in one of the two."
            raise ValueError(message)
        return self


class MeasuresFile(BaseModel):
    """measures.yml: the measures that are followed up."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    measures: tuple[Measure, ...] = Field(default=(), description="One entry per measure.")

    @model_validator(mode="after")
    def _has_each_once(self) -> Self:
        """Demand that a name means one measure."""
        names = [measure.measure_id for measure in self.measures]
        if len(set(names)) != len(names):
            message = "two measures have the same measure_id. Rename one."
            raise ValueError(message)
        return self


def load_measures(config_dir: Path) -> tuple[Measure, ...]:
    """Give the county's measures, none where it keeps no register.

    Raises:
        ConfigError: something in the file is wrong; its line and the remedy are told.
    """
    path = config_dir / FILE_NAME
    return load_file(path, MeasuresFile).measures if path.exists() else ()
