"""The simulated county as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from narvaro.simulator.calendar import moment
from narvaro.simulator.tables import (
    Activities,
    Classes,
    Enrolments,
    Grades,
    Groups,
    Lessons,
    Memberships,
    Notices,
    Persons,
    Registers,
    Units,
)
from narvaro.simulator.truth import Truth, compute_truth

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from narvaro.simulator.config import SimulatorConfig


@dataclass(frozen=True, slots=True)
class SimulatedSource:
    """One source of the county as its server knows it."""

    name: str
    conn_id: str
    owner_id: str
    owner_name: str
    owner_type: str


@dataclass(frozen=True, slots=True)
class World:
    """Everything that the simulated servers know, in every version of it."""

    county_code: str
    timezone: ZoneInfo
    config: SimulatorConfig
    sources: tuple[SimulatedSource, ...]
    units: Units
    classes: Classes
    groups: Groups
    activities: Activities
    persons: Persons
    enrolments: Enrolments
    memberships: Memberships
    lessons: Lessons
    registers: Registers
    notices: Notices
    grades: Grades
    opened_at: int

    @property
    def as_of(self) -> datetime:
        """The servers' first clock."""
        return self.config.as_of.astimezone(UTC)

    def night_bound(self, night: int) -> datetime:
        """Give the clock of the first night (Saturday) or the second (Tuesday)."""
        day = self.config.last_day + timedelta(days=-2 if night == 1 else 1)
        return datetime.fromtimestamp(moment(day, time(3), self.timezone), UTC)

    def truth(
        self,
        until: datetime,
        *,
        leave_out: Collection[str] = (),
        until_by_source: Mapping[str, datetime] | None = None,
        quarantined: Collection[str] | None = None,
        min_offered_days: int = 20,
    ) -> Truth:
        """Give what every published figure should be; see `narvaro.simulator.truth`."""
        return compute_truth(
            self,
            until,
            leave_out=leave_out,
            until_by_source=until_by_source or {},
            quarantined=quarantined,
            min_offered_days=min_offered_days,
        )
