"""What a simulated county is made of: the parameters in `simulator.yml`."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from narvaro.errors import ConfigError
from narvaro.simulator.events import Event
from narvaro.simulator.faults import Fault

FILE_NAME = "simulator.yml"
_SWEDISH_TIME = ZoneInfo("Europe/Stockholm")


class AbsenceModel(BaseModel):
    """How often pupils are away; calibrated in docs/simulator.md."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    illness_spells_per_day: float = Field(default=0.0255, ge=0, le=1, description="Mean chance that a spell starts.")
    illness_mean_days: float = Field(default=2.3, ge=1, description="Mean length of a spell in school days.")
    invalid_per_lesson: float = Field(default=0.0095, ge=0, le=1, description="Mean chance of a skipped lesson.")
    invalid_spread: float = Field(default=1.35, ge=0, description="Spread of skipping between pupils (log scale).")
    illness_spread: float = Field(default=0.62, ge=0, description="Spread of illness between pupils (log scale).")
    late_per_day: float = Field(default=0.035, ge=0, le=1, description="Mean chance of a late arrival.")
    appointment_per_lesson: float = Field(default=0.006, ge=0, le=1, description="Chance of a short valid absence.")
    other_attendance_per_lesson: float = Field(
        default=0.006, ge=0, le=1, description="Chance of other school activity."
    )


def _first_night(start_date: date, weeks: int) -> datetime:
    """Give the clock of the night after the last whole week."""
    return datetime.combine(start_date + timedelta(weeks=weeks, days=-2), time(3), _SWEDISH_TIME)


class SimulatorConfig(BaseModel):
    """The parameters of one simulated county; the same parameters give the same county."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = Field(default=2026, ge=0, description="Start of every random draw.")
    scale: float = Field(default=40, gt=0, description="One simulated pupil stands for so many.")
    start_date: date = Field(default=date(2026, 8, 17), description="Monday of the first school week.")
    weeks: int = Field(default=5, ge=1, le=40, description="School weeks before the first night.")
    as_of: AwareDatetime = Field(
        default_factory=lambda fields: _first_night(fields["start_date"], fields["weeks"]),
        description="The servers' first clock; by default the Saturday night after the weeks.",
    )
    page_size: int = Field(default=2000, ge=1, le=20000, description="Objects on a page when none are asked for.")
    unreported_pct: float = Field(default=2.0, ge=0, le=100, description="Lessons whose register is never taken.")
    late_register_pct: float = Field(default=3.0, ge=0, le=100, description="Lessons registered days afterwards.")
    corrected_pct: float = Field(default=3.0, ge=0, le=100, description="Invalid absences made valid afterwards.")
    cancelled_pct: float = Field(default=2.0, ge=0, le=100, description="Lessons cancelled.")
    movers_per_thousand: float = Field(default=5.0, ge=0, le=200, description="Pupils who change school in the weeks.")
    protected_per_thousand: float = Field(default=2.0, ge=0, le=500, description="Pupils with protected identity.")
    absence: AbsenceModel = Field(default_factory=AbsenceModel)
    events: tuple[Event, ...] = Field(default=(), description="What truly happens: influenza, strikes.")
    faults: tuple[Fault, ...] = Field(default=(), description="Planted faults.")

    @field_validator("start_date")
    @classmethod
    def _is_monday(cls, day: date) -> date:
        """Refuse a first day that is not a Monday."""
        if day.weekday():
            message = f"{day} is not a Monday; school weeks begin on Mondays"
            raise ValueError(message)
        return day

    @property
    def last_day(self) -> date:
        """The last day with registers: the Monday after the weeks, so that a second night has news."""
        return self.start_date + timedelta(weeks=self.weeks)

    def faults_of(self, kind: str) -> tuple[Fault, ...]:
        """Give the planted faults of one kind."""
        return tuple(fault for fault in self.faults if fault.kind == kind)


def load_simulator_config(config_dir: Path) -> SimulatorConfig:
    """Read the county's `simulator.yml`; a county without one gets the defaults.

    Raises:
        ConfigError: the file cannot be read or holds a wrong value.
    """
    path = config_dir / FILE_NAME
    if not path.is_file():
        return SimulatorConfig()
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise ConfigError(f"{path}{line}: not readable as YAML. Mend the file.") from None
    try:
        return SimulatorConfig.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{path}: {place or 'the file'}: {first['msg']}. See docs/simulator.md.") from None
