"""The simulated county as a whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from narvaro.simulator.behaviour import draw_behaviour
from narvaro.simulator.calendar import day_number, moment
from narvaro.simulator.places import pupils_per_grade, unit_table, units_of
from narvaro.simulator.pupils import draw_humans
from narvaro.simulator.randomness import generator
from narvaro.simulator.records import RecordBook
from narvaro.simulator.registers import RegisterBook, cancel_some
from narvaro.simulator.side_records import draw_grades, draw_notices
from narvaro.simulator.tables import (
    NEVER,
    OPEN_DAY,
    Activities,
    Classes,
    Enrolments,
    Grades,
    Groups,
    Int64,
    Lessons,
    Memberships,
    Notices,
    Persons,
    Registers,
    Units,
)
from narvaro.simulator.timetable import draw_activities, draw_groups, draw_lessons, school_days, unit_school_days

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from narvaro.county import County
    from narvaro.simulator.config import SimulatorConfig
    from narvaro.simulator.truth import Truth

# The servers know the timetable of the week in which the second night falls.
_WEEKS_AHEAD = 1
_DOOMED_LESSONS = 3
_NOT_YET_DELETED_DAYS = 10


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

    def source_index(self, name: str) -> int:
        """Give a source's place.

        Raises:
            KeyError: there is no such source.
        """
        for place, source in enumerate(self.sources):
            if source.name == name:
                return place
        raise KeyError(name)

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
        from narvaro.simulator.truth import compute_truth

        return compute_truth(
            self,
            until,
            leave_out=leave_out,
            until_by_source=until_by_source or {},
            quarantined=quarantined,
            min_offered_days=min_offered_days,
        )


def build_world(county: County, config: SimulatorConfig) -> World:
    """Build the county that the parameters describe; the same parameters give the same county."""
    timezone = county.timezone
    rows = units_of(county)
    units = unit_table(rows)
    counts = pupils_per_grade(rows, config.seed, config.scale)
    autumn = config.start_date.year - (config.start_date.month < 7)  # noqa: PLR2004 - July opens the school year
    spreads = (config.absence.illness_spread, config.absence.invalid_spread)
    humans, classes = draw_humans(counts, seed=config.seed, autumn_year=autumn, spreads=spreads)
    book = RecordBook(config, timezone, humans, classes)
    book.enrol_everybody()
    book.add_oddities()
    book.double()
    book.move_some()
    persons, enrolments, memberships = book.close()
    human = book.human_of_records()
    span = (config.weeks + _WEEKS_AHEAD) * 7
    days = school_days(unit_school_days(units, county.calendar, config.start_date, span), config, timezone)
    groups = draw_groups(units, classes)
    activities, starts = draw_activities(units, classes)
    lessons = cancel_some(draw_lessons(units, classes, starts, days, opened_at=book.opened_at), config)
    doomed = _doomed_lessons(lessons, config)
    last_moment = moment(config.last_day, time(14), timezone)
    lessons = replace(lessons, deleted_at=np.where(np.isin(np.arange(len(lessons.day)), doomed), last_moment, NEVER))
    behaviour = draw_behaviour(humans, config.absence, days=span, seed=config.seed)
    registers = RegisterBook(config, timezone, lessons, activities, memberships)
    taken = registers.take(behaviour, human, _unregistered_from(county, config, units, persons, enrolments))
    names = list(county.sources)
    impossible = [(names.index(f.source), f.rows) for f in config.faults_of("impossible_minutes") if f.source in names]
    return World(
        county_code=county.code,
        timezone=timezone,
        config=config,
        sources=_sources(county),
        units=units,
        classes=classes,
        groups=groups,
        activities=activities,
        persons=persons,
        enrolments=enrolments,
        memberships=memberships,
        lessons=lessons,
        registers=registers.finish(registers.add_oddities(taken), doomed, impossible),
        notices=draw_notices(
            persons, enrolments, human, behaviour, days, seed=config.seed, last=day_number(config.last_day)
        ),
        grades=draw_grades(
            persons, enrolments, human, behaviour, seed=config.seed, autumn_year=autumn, opened_at=book.opened_at
        ),
        opened_at=book.opened_at,
    )


def _sources(county: County) -> tuple[SimulatedSource, ...]:
    """Give the sources in the county's order."""
    return tuple(
        SimulatedSource(
            name=source.name,
            conn_id=source.conn_id,
            owner_id=source.owner,
            owner_name=county.owners[source.owner].name,
            owner_type=county.owners[source.owner].owner_type,
        )
        for source in county.sources.values()
    )


def _doomed_lessons(lessons: Lessons, config: SimulatorConfig) -> Int64:
    """Choose a few past lessons that the last day deletes."""
    day = day_number(config.last_day)
    old = np.flatnonzero((lessons.day < day - _NOT_YET_DELETED_DAYS % 7) & (lessons.cancelled_at == NEVER))
    if not len(old):
        return np.empty(0, np.int64)
    return np.unique(generator(config.seed, "doomed lessons").choice(old, _DOOMED_LESSONS))


def _unregistered_from(
    county: County, config: SimulatorConfig, units: Units, persons: Persons, enrolments: Enrolments
) -> Int64:
    """Give for each unit the first day without registers: planted in the largest unit of a source."""
    first = np.full(len(units.code), OPEN_DAY, np.int64)
    size = np.bincount(enrolments.unit, minlength=len(units.code))
    names = list(county.sources)
    for fault in config.faults_of("missing_reports"):
        if fault.source not in names:
            continue
        of_source = np.flatnonzero(units.source == names.index(fault.source))
        if len(of_source):
            day = fault.from_date or config.start_date + timedelta(weeks=config.weeks // 2)
            first[of_source[np.argmax(size[of_source])]] = day_number(day)
    return first
