"""Building a county: places, pupils, timetables, registers, and what stands beside them."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import TYPE_CHECKING

import numpy as np

from narvaro.simulator.behaviour import draw_behaviour
from narvaro.simulator.calendar import day_number, moment
from narvaro.simulator.places import pupils_per_grade, unit_table, units_of
from narvaro.simulator.pupils import draw_humans
from narvaro.simulator.randomness import generator
from narvaro.simulator.records import RecordBook
from narvaro.simulator.registers import RegisterBook, cancel_some
from narvaro.simulator.side_records import Rolls, draw_grades, draw_notices
from narvaro.simulator.tables import (
    NEVER,
    OPEN_DAY,
    Classes,
    Enrolments,
    Int64,
    Lessons,
    Memberships,
    Units,
)
from narvaro.simulator.timetable import (
    draw_activities,
    draw_groups,
    draw_lessons,
    school_days,
    unit_school_days,
)
from narvaro.simulator.world import SimulatedSource, World

if TYPE_CHECKING:
    from narvaro.county import County
    from narvaro.simulator.config import SimulatorConfig

# The servers know the timetable of the week in which the second night falls.
_WEEKS_AHEAD = 1
_DOOMED_LESSONS, _DOOMED_BEFORE_DAYS = 3, 3
_AUTUMN_FROM_MONTH = 7


def build_world(county: County, config: SimulatorConfig) -> World:
    """Build the county that the parameters describe; the same parameters give the same county."""
    units = unit_table(units_of(county))
    span = (config.weeks + _WEEKS_AHEAD) * 7
    is_school_day = unit_school_days(units, county.calendar, config.start_date, span)
    days = school_days(is_school_day, config, county.timezone)
    classes, rolls, memberships, opened_at = _enrolled(county, config, span)
    activities, starts = draw_activities(units, classes)
    drawn = draw_lessons(units, classes, starts, days, opened_at=opened_at)
    lessons, doomed = _with_changes(county, config, drawn)
    book = RegisterBook(config, county.timezone, lessons, activities, memberships)
    taken = book.take(rolls.behaviour, rolls.human, _unregistered_from(county, config, units, rolls.enrolments))
    return World(
        county_code=county.code,
        timezone=county.timezone,
        config=config,
        sources=_sources(county),
        units=units,
        classes=classes,
        groups=draw_groups(units, classes),
        activities=activities,
        persons=rolls.persons,
        enrolments=rolls.enrolments,
        memberships=memberships,
        lessons=lessons,
        registers=book.finish(book.add_oddities(taken), doomed, _impossible(county, config)),
        notices=draw_notices(rolls, days, seed=config.seed, last=day_number(config.last_day)),
        grades=draw_grades(rolls, seed=config.seed, autumn_year=_autumn_year(config), opened_at=opened_at),
        opened_at=opened_at,
    )


def _autumn_year(config: SimulatorConfig) -> int:
    """Give the year in which the simulated school year began."""
    return config.start_date.year - (config.start_date.month < _AUTUMN_FROM_MONTH)


def _enrolled(county: County, config: SimulatorConfig, span: int) -> tuple[Classes, Rolls, Memberships, int]:
    """Draw the pupils, enrol them, move some; and draw how each of them will behave."""
    counts = pupils_per_grade(units_of(county), config.seed, config.scale)
    spreads = (config.absence.illness_spread, config.absence.invalid_spread)
    humans, classes = draw_humans(counts, seed=config.seed, autumn_year=_autumn_year(config), spreads=spreads)
    book = RecordBook(config, county.timezone, humans)
    book.enrol_everybody()
    book.add_oddities()
    book.double()
    book.move_some()
    persons, enrolments, memberships = book.close()
    behaviour = draw_behaviour(humans, config.absence, days=span, seed=config.seed)
    return classes, Rolls(persons, enrolments, book.human_of_records(), behaviour), memberships, book.opened_at


def _with_changes(county: County, config: SimulatorConfig, drawn: Lessons) -> tuple[Lessons, Int64]:
    """Cancel some lessons, and doom a few to be deleted on the last day; give those too."""
    lessons = cancel_some(drawn, config)
    doomed = _doomed_lessons(lessons, config)
    deleted_at = lessons.deleted_at.copy()
    deleted_at[doomed] = moment(config.last_day, time(14), county.timezone)
    return replace(lessons, deleted_at=deleted_at), doomed


def _impossible(county: County, config: SimulatorConfig) -> list[tuple[int, int]]:
    """Give the places of the sources with planted impossible minutes, and how many rows."""
    names = list(county.sources)
    return [(names.index(f.source), f.rows) for f in config.faults_of("impossible_minutes") if f.source in names]


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
    old = np.flatnonzero((lessons.day < day - _DOOMED_BEFORE_DAYS) & (lessons.cancelled_at == NEVER))
    if not len(old):
        return np.empty(0, np.int64)
    return np.unique(generator(config.seed, "doomed lessons").choice(old, _DOOMED_LESSONS))


def _unregistered_from(county: County, config: SimulatorConfig, units: Units, enrolments: Enrolments) -> Int64:
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
