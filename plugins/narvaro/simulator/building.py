"""Building a county: places, pupils, timetables, registers, and what stands beside them."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from typing import TYPE_CHECKING

import numpy as np

from narvaro.simulator.behaviour import draw_behaviour
from narvaro.simulator.calendar import day_number, moment
from narvaro.simulator.events import with_influenza, with_strikes
from narvaro.simulator.places import pupils_per_grade, unit_table, units_of
from narvaro.simulator.planted_registers import plant_in_registers
from narvaro.simulator.planting import Planting, hide_lessons, plant_in_timetable, unregistered
from narvaro.simulator.pupils import draw_humans
from narvaro.simulator.randomness import generator
from narvaro.simulator.records import RecordBook
from narvaro.simulator.registers import RegisterBook, cancel_some
from narvaro.simulator.side_records import UNKNOWN_VALUE, Rolls, draw_grades, draw_notices
from narvaro.simulator.tables import (
    NEVER,
    Classes,
    Grades,
    Int64,
    Lessons,
    Memberships,
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
    days = school_days(unit_school_days(units, county.calendar, config.start_date, span), config, county.timezone)
    classes, rolls, memberships, opened_at = _enrolled(county, config, span)
    activities, starts = draw_activities(units, classes)
    planting = Planting(config, county.timezone, tuple(county.sources), units, rolls.enrolments)
    drawn = draw_lessons(units, classes, starts, days, opened_at=opened_at)
    lessons, doomed = _with_changes(county, config, plant_in_timetable(drawn, activities, planting))
    book = RegisterBook(config, county.timezone, lessons, activities, memberships)
    rows = book.add_oddities(book.take(rolls.behaviour, rolls.human, unregistered(lessons, activities, planting)))
    rows = plant_in_registers(rows, lessons, activities, planting)
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
        lessons=hide_lessons(lessons, activities, planting),
        registers=book.finish(rows, doomed, _impossible(county, config)),
        notices=draw_notices(rolls, days, seed=config.seed, last=day_number(config.last_day)),
        grades=_grades(county, config, rolls, opened_at),
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
    drawn = draw_behaviour(humans, config.absence, days=span, seed=config.seed)
    behaviour = with_influenza(drawn, config.events, first=config.start_date, seed=config.seed)
    return classes, Rolls(persons, enrolments, book.human_of_records(), behaviour), memberships, book.opened_at


def _with_changes(county: County, config: SimulatorConfig, drawn: Lessons) -> tuple[Lessons, Int64]:
    """Cancel some lessons, and doom a few to be deleted on the last day; give those too."""
    lessons = with_strikes(cancel_some(drawn, config), config.events, list(county.sources), seed=config.seed)
    doomed = _doomed_lessons(lessons, config)
    deleted_at = lessons.deleted_at.copy()
    deleted_at[doomed] = moment(config.last_day, time(14), county.timezone)
    return replace(lessons, deleted_at=deleted_at), doomed


def _grades(county: County, config: SimulatorConfig, rolls: Rolls, opened_at: int) -> Grades:
    """Draw the grades, and plant values of no scale."""
    grades = draw_grades(rolls, seed=config.seed, autumn_year=_autumn_year(config), opened_at=opened_at)
    value, names = grades.value.copy(), list(county.sources)
    for fault in config.faults_of("unknown_grade"):
        if fault.source in names:
            value[np.flatnonzero(grades.source == names.index(fault.source))[: fault.rows]] = UNKNOWN_VALUE
    return replace(grades, value=value)


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
