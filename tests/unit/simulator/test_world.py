from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from narvaro.domain.civic_number import identify
from narvaro.simulator import SimulatorConfig, build_world, seeds
from narvaro.simulator.calendar import date_of
from narvaro.simulator.civic_numbers import civic_numbers
from narvaro.simulator.tables import ACTIVITY_TYPES, NEVER


def test_same_parameters_give_the_same_county(blekinge, small_config, small_world):
    again = build_world(blekinge, small_config)
    for name in ("lesson", "person", "valid", "invalid", "created_at", "reported_at"):
        np.testing.assert_array_equal(getattr(again.registers, name), getattr(small_world.registers, name))
    assert again.persons.civic_number == small_world.persons.civic_number


def test_another_seed_gives_another_county(blekinge, small_config, small_world):
    other = build_world(blekinge, small_config.model_copy(update={"seed": 8}))
    assert other.persons.civic_number != small_world.persons.civic_number


def test_scale_divides_the_pupils(blekinge):
    few = build_world(blekinge, SimulatorConfig(scale=100, weeks=1))
    many = build_world(blekinge, SimulatorConfig(scale=50, weeks=1))
    assert len(many.persons.source) == pytest.approx(2 * len(few.persons.source), rel=0.1)


def test_units_are_real_or_named_as_invented():
    units = seeds.school_units()
    invented = units[units.school_form == "GY"]
    assert invented.name.str.startswith("Simulerad gymnasieskola").all()
    assert invented.school_unit_code.str.startswith("99").all()
    assert not units[units.school_form == "GR"].name.str.startswith("Simulerad").any()
    assert units.school_unit_code.is_unique


def test_every_source_of_the_county_has_units(stockholm):
    world = build_world(stockholm, SimulatorConfig(scale=400, weeks=1))
    assert len(world.sources) == 34
    assert set(world.units.source.tolist()) == set(range(34))
    independent = [place for place, source in enumerate(world.sources) if source.owner_type == "enskild"]
    codes = np.array(world.units.municipality_code)
    assert all(len(set(codes[world.units.source == place])) >= 2 for place in independent)


def test_civic_numbers_belong_to_nobody():
    years, sexes = np.repeat(np.array([2014, 2015], np.int32), 4000), np.tile(np.array([0, 1], np.int8), 4000)
    texts, _, joins = civic_numbers(1, years, sexes)
    kinds = set()
    for text, does_join in zip(texts, joins.tolist(), strict=True):
        number = identify(text, date(2026, 9, 19))
        kinds.add(number.kind)
        assert number.joins_across_sources == does_join
        if does_join:
            assert 980 <= int(text[8:11]) <= 999
    assert kinds == {"personnummer", "samordningsnummer", "tf_number", "none"}
    known = [text for text in texts if text]
    assert len(known) == len(set(known))


def test_cohort_larger_than_the_test_numbers_gets_wrong_check_digits():
    size = 3650 + 500
    texts, _, joins = civic_numbers(1, np.full(size, 2014, np.int32), np.zeros(size, np.int8))
    overflow = [text for text, does_join in zip(texts, joins.tolist(), strict=True) if text and not does_join]
    assert {identify(text, date(2026, 9, 19)).kind for text in overflow} == {"reserve", "tf_number"}
    assert not set(overflow) & {text for text, does_join in zip(texts, joins.tolist(), strict=True) if does_join}


def test_civic_numbers_tell_pupils_apart(small_world):
    by_number = {}
    for number, pupil in zip(small_world.persons.civic_number, small_world.persons.pupil.tolist(), strict=True):
        if number is not None:
            by_number.setdefault(number, set()).add(pupil)
    assert all(len(pupils) == 1 for pupils in by_number.values())


def test_some_pupils_have_records_in_two_sources(small_world):
    sources = {}
    for pupil, source in zip(small_world.persons.pupil.tolist(), small_world.persons.source.tolist(), strict=True):
        sources.setdefault(pupil, set()).add(source)
    assert any(len(found) > 1 for found in sources.values())


def test_lessons_are_held_on_school_days_of_the_municipality(small_world, blekinge):
    lessons, units = small_world.lessons, small_world.units
    unit = small_world.activities.unit[lessons.activity]
    for place in np.unique(unit):
        for day in np.unique(lessons.day[unit == place]).tolist():
            assert blekinge.calendar.is_school_day(date_of(day), units.municipality_code[place])


def test_lunch_and_staff_meetings_have_no_register(small_world):
    kind = small_world.activities.kind[small_world.lessons.activity[small_world.registers.lesson]]
    assert {ACTIVITY_TYPES[place] for place in np.unique(kind)} == {"Undervisning", "Elevaktivitet"}


def test_minutes_add_up_but_for_the_planted_rows(small_world):
    rows = small_world.registers
    total = sum(column.astype(int) for column in (rows.attended, rows.valid, rows.invalid, rows.other))
    is_whole = total == small_world.lessons.minutes()[rows.lesson]
    assert set(rows.impossible_rows) <= set(np.flatnonzero(~is_whole))
    assert (~is_whole).sum() < 0.001 * len(total)


def test_teaching_length_sometimes_differs_from_the_clock(small_world):
    lessons = small_world.lessons
    clock = (lessons.ended_at - lessons.started_at) // 60
    given = lessons.teaching_minutes >= 0
    assert 0.02 < (given & (lessons.teaching_minutes != clock)).mean() < 0.5


def test_second_night_has_every_kind_of_news(small_world):
    first, second = (int(small_world.night_bound(night).timestamp()) for night in (1, 2))
    rows, lessons = small_world.registers, small_world.lessons
    news = (rows.corrections.known_at > first) & (rows.corrections.known_at <= second)
    weeks_ago = first - 14 * 86_400
    assert (lessons.started_at[rows.lesson[rows.corrections.row[news]]] < weeks_ago).any()
    assert ((rows.deleted_at > first) & (rows.deleted_at <= second)).any()
    assert ((lessons.deleted_at > first) & (lessons.deleted_at <= second)).any()
    ended = small_world.enrolments.end_known_at
    assert ((ended > first) & (ended <= second)).any()
    began = small_world.persons.created_at
    assert ((began > first) & (began <= second)).any()


def test_unreported_lessons_are_rows_without_report_or_no_rows(small_world):
    rows, lessons = small_world.registers, small_world.lessons
    assert 0 < (rows.reported_at == NEVER).mean() < 0.05
    is_teaching = small_world.activities.kind[lessons.activity] == 0
    is_past = lessons.ended_at < int(small_world.as_of.timestamp())
    held = np.flatnonzero(is_teaching & is_past & (lessons.cancelled_at == NEVER))
    assert 0 < (~np.isin(held, rows.lesson)).mean() < 0.2


def test_class_names_are_grades_and_a_letter(small_world):
    assert all(re.fullmatch(r"[1-9](-[1-9])?[A-Z]", name) for name in small_world.classes.name)


def test_one_unit_stops_taking_registers(blekinge, small_config):
    fault = {"source": "1082-karlshamn", "kind": "missing_reports", "from_date": "2026-09-07"}
    config = SimulatorConfig.model_validate(small_config.model_dump() | {"faults": [fault]})
    truth = build_world(blekinge, config)
    table = truth.truth(truth.night_bound(1)).school_unit_absence_by_week
    silent = table[(table.iso_week == "2026-W38") & (table.lessons_reported_count == 0)]
    assert len(silent) == 1
    earlier = table[(table.school_unit_code == silent.school_unit_code.item()) & (table.iso_week == "2026-W36")]
    assert earlier.lessons_reported_count.item() > 0


def test_county_without_sources_is_an_empty_world(blekinge):
    world = build_world(replace(blekinge, sources={}), SimulatorConfig())
    assert world.sources == ()
    assert world.truth(world.as_of).county_absence_by_term.empty


def test_weeks_without_school_have_no_lessons(blekinge):
    world = build_world(blekinge, SimulatorConfig(scale=200, weeks=1, start_date=date(2026, 7, 6)))
    assert len(world.persons.source) > 0
    assert len(world.lessons.day) == len(world.registers.lesson) == 0
    assert world.truth(world.as_of).municipality_absence_by_week.empty
