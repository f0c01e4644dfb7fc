"""What is planted in the data is there, as often as it was asked for; what truly happens is no fault."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from narvaro.county import load_county
from narvaro.errors import ConfigError
from narvaro.simulator import SimulatorConfig, build_world, load_simulator_config
from narvaro.simulator.calendar import day_number
from narvaro.simulator.side_records import UNKNOWN_VALUE
from narvaro.simulator.tables import NEVER

COUNTY = load_county(Path(__file__).resolve().parents[3] / "config" / "blekinge")
SOURCE, MONDAY = "1080-karlskrona", date(2026, 8, 31)
START = day_number(MONDAY)


def a_world(*faults, events=(), **changes):
    planted = [{"source": SOURCE, "from_date": MONDAY, **fault} for fault in faults]
    given = {"seed": 10, "scale": 60.0, "weeks": 4, "faults": planted, "events": events}
    return build_world(COUNTY, SimulatorConfig.model_validate(given | changes))


@pytest.fixture(scope="module")
def sound():
    return a_world()


def unit_of(world, number=1):
    """Give the place of the source's n-th largest unit."""
    size = np.bincount(world.enrolments.unit, minlength=len(world.units.code))
    units = np.flatnonzero(world.units.source == [s.name for s in world.sources].index(SOURCE))
    return units[np.argsort(-size[units], kind="stable")][number - 1]


def lessons_of(world, unit, first=START, last=10**6):
    lessons = world.lessons
    return (world.activities.unit[lessons.activity] == unit) & (lessons.day >= first) & (lessons.day <= last)


def rows_of(world, unit, first=START, last=10**6):
    return lessons_of(world, unit, first, last)[world.registers.lesson]


def changed_rows(world, sound, *columns):
    """Give which rows tell other minutes than in the sound county, where both have the same rows."""
    assert len(world.registers.lesson) == len(sound.registers.lesson)
    return np.any([getattr(world.registers, c) != getattr(sound.registers, c) for c in columns], axis=0)


def test_units_are_chosen_by_size(sound):
    world = a_world({"kind": "missing_reports", "unit": 2}, {"kind": "missing_reports", "unit": 99})
    assert rows_of(world, unit_of(world, 2)).sum() == 0
    # The oddities of the whole county are drawn anew when it has fewer rows.
    assert rows_of(world, unit_of(world, 1)).sum() == pytest.approx(rows_of(sound, unit_of(sound, 1)).sum(), abs=5)


def test_reports_are_missing_between_two_days(sound):
    world = a_world({"kind": "missing_reports", "until_date": date(2026, 9, 4)})
    assert rows_of(world, unit_of(world), START, START + 4).sum() == 0
    after = [rows_of(each, unit_of(each), START + 5).sum() for each in (world, sound)]
    assert after[0] == pytest.approx(after[1], abs=5)


def test_a_weekday_loses_its_reports_or_its_lessons(sound):
    unit = unit_of(sound)
    fridays = (sound.lessons.day + 3) % 7 == 4
    silent = a_world({"kind": "unreported_weekday"})
    assert (rows_of(silent, unit) & fridays[silent.registers.lesson]).sum() == 0
    assert rows_of(silent, unit).sum() > 0
    lost = a_world({"kind": "lost_weekday"})
    kept = lessons_of(lost, unit) & ((lost.lessons.day + 3) % 7 == 4)
    assert kept.sum() == 0
    assert len(sound.lessons.day) - len(lost.lessons.day) == (lessons_of(sound, unit) & fridays).sum() > 0


def test_reporting_falls_by_a_share(sound):
    world = a_world({"kind": "reporting_jump", "share": 0.5})
    reported, before = (len(np.unique(w.registers.lesson[rows_of(w, unit_of(w))])) for w in (world, sound))
    assert 0.3 < reported / before < 0.7


@pytest.mark.parametrize(
    ("kind", "weekday", "hour"), [("lesson_outside_day", None, 22), ("lesson_on_free_day", 5, None)]
)
def test_lessons_are_moved_out_of_the_day_and_the_week(sound, kind, weekday, hour):
    world = a_world({"kind": kind, "rows": 4})
    moved = world.lessons.started_at != sound.lessons.started_at
    assert moved.sum() == 4
    if weekday is not None:
        assert set((world.lessons.day[moved] + 3) % 7) == {weekday}
    if hour is not None:
        # 20:30 UTC is 22:30 in Stockholm's summer.
        assert set(world.lessons.started_at[moved] % 86_400) == {(hour - 2) * 3600 + 1800}


def test_lessons_are_lost_and_their_registers_are_told(sound):
    world = a_world({"kind": "lost_lessons", "rows": 3})
    lost = np.flatnonzero(world.lessons.created_at == NEVER)
    assert len(lost) == 3
    assert len(world.registers.lesson) == len(sound.registers.lesson)


def test_rows_tell_more_minutes_than_the_lesson_has(sound):
    world = a_world({"kind": "minutes_beyond_lesson", "rows": 9})
    rows = changed_rows(world, sound, "valid")
    assert rows.sum() == 9
    assert (world.registers.valid[rows] == world.lessons.minutes()[world.registers.lesson[rows]] + 30).all()


def test_registers_account_for_half_of_the_week():
    world = a_world({"kind": "half_registers"})
    rows = rows_of(world, unit_of(world), START, START + 4)
    half = world.lessons.minutes()[world.registers.lesson[rows]] // 2
    corrected = np.isin(np.flatnonzero(rows), world.registers.corrections.row)
    assert (world.registers.attended[rows][~corrected] == half[~corrected]).all()


def test_nobody_is_away(sound):
    world = a_world({"kind": "no_absence_for_weeks"})
    rows = rows_of(world, unit_of(world))
    assert (world.registers.valid[rows] + world.registers.invalid[rows]).sum() == 0
    assert (sound.registers.valid[rows] + sound.registers.invalid[rows]).sum() > 0


def test_whole_classes_are_away():
    changes = {"scale": 20.0}
    world, without = a_world({"kind": "whole_class_absent", "rows": 2}, **changes), a_world(**changes)
    lessons = np.unique(world.registers.lesson[changed_rows(world, without, "valid", "attended")])
    assert len(lessons) == 2
    for lesson in lessons:
        rows = world.registers.lesson == lesson
        assert (world.registers.valid[rows] == world.lessons.minutes()[lesson]).all()
        assert rows.sum() > 12


def test_registers_are_of_other_units_pupils(sound):
    world = a_world({"kind": "attendance_outside_enrolment", "rows": 8})
    rows = world.registers.person != sound.registers.person
    unit = unit_of(world)
    at_unit = set(world.enrolments.person[world.enrolments.unit == unit])
    assert rows.sum() == 8
    assert at_unit.isdisjoint(world.registers.person[rows])


def test_rows_are_written_twice(sound):
    world = a_world({"kind": "doubled_registers", "rows": 11})
    assert len(world.registers.lesson) - len(sound.registers.lesson) == 11


def test_grades_are_of_no_scale(sound):
    world = a_world({"kind": "unknown_grade", "rows": 5})
    assert (world.grades.value == UNKNOWN_VALUE).sum() == 5
    assert (sound.grades.value == UNKNOWN_VALUE).sum() == 0


FLU = {"kind": "flu_week", "from_date": MONDAY, "until_date": date(2026, 9, 4), "share": 0.5}
STRIKE = {"kind": "strike", "from_date": MONDAY, "until_date": date(2026, 9, 1), "share": 1.0, "source": SOURCE}


def test_in_a_flu_week_many_stay_at_home_and_only_then(sound):
    world = a_world(events=[FLU])
    day = sound.lessons.day[sound.registers.lesson]

    def share_away(county, first):
        rows = (day >= first) & (day < first + 5)
        return county.registers.valid[rows].sum() / county.lessons.minutes()[county.registers.lesson[rows]].sum()

    before, during, after = (share_away(world, START + days) - share_away(sound, START + days) for days in (-14, 0, 7))
    assert (before, after) == (0, 0)
    assert during > 0.3


def test_a_strike_cancels_lessons_the_evening_before(sound):
    world = a_world(events=[STRIKE])
    place = [source.name for source in world.sources].index(SOURCE)
    hit = (world.lessons.day >= START) & (world.lessons.day <= START + 1) & (world.lessons.source == place)
    assert (world.lessons.cancelled_at[hit] < world.lessons.started_at[hit]).all()
    others = ~hit
    assert (world.lessons.cancelled_at[others] == sound.lessons.cancelled_at[others]).all()


def test_an_event_that_ends_before_it_begins_is_refused(tmp_path):
    (tmp_path / "simulator.yml").write_text(
        "events: [{kind: strike, from_date: 2026-09-02, until_date: 2026-09-01}]", encoding="utf-8"
    )
    with pytest.raises(ConfigError, match="an event ends on its first day or later"):
        load_simulator_config(tmp_path)


def test_a_county_without_faults_and_events_is_what_it_was(sound):
    again = replace(a_world(), config=sound.config)
    assert (again.registers.valid == sound.registers.valid).all()
