"""The sources' records of pupils: persons, enrolments and memberships, moves and oddities included."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from narvaro.simulator.calendar import day_number, moment
from narvaro.simulator.randomness import generator
from narvaro.simulator.record_rows import FIRST_GROUP, GROUPS_PER_CLASS, RecordRows
from narvaro.simulator.tables import UNKNOWN_GRADE, Enrolments, Int64, Memberships, Persons

if TYPE_CHECKING:
    from narvaro.simulator.config import SimulatorConfig
    from narvaro.simulator.pupils import Humans

_GRADES_PER_STAGE = 3
_TRIES = 20
_ODD, _DOUBLED = 0.003, 0.001
_AUTUMN_FROM_MONTH = 7


class RecordBook:
    """Collects rows while pupils are enrolled and moved, then gives them as tables."""

    def __init__(self, config: SimulatorConfig, timezone: ZoneInfo, humans: Humans) -> None:
        self._config, self._timezone, self._humans = config, timezone, humans
        self._draws = generator(config.seed, "records")
        autumn = config.start_date.year - (config.start_date.month < _AUTUMN_FROM_MONTH)
        self._autumn = autumn
        self._first_day = day_number(config.start_date)
        self.opened_at = moment(date(autumn, 8, 3), time(8), timezone)
        if self.opened_at > moment(config.start_date, time(0), timezone):
            self.opened_at = moment(config.start_date - timedelta(days=10), time(8), timezone)
        self._rows = RecordRows(self.opened_at)

    def enrol_everybody(self) -> None:
        """Enrol each human where it was drawn."""
        humans = self._humans
        size = len(humans.source)
        years = np.where(humans.form == 0, (humans.grade - 1) % _GRADES_PER_STAGE, humans.grade - 1)
        starts = {int(year): day_number(date(self._autumn - int(year), 8, 15)) for year in np.unique(years)}
        starts[0] = self._first_day
        start_days = np.array([starts[int(year)] for year in years], np.int64)
        person = self._rows.add_persons(humans.source, np.arange(size))
        is_unknown = (humans.form == 0) & (self._draws.random(size) < _ODD)
        grade = np.where(is_unknown, UNKNOWN_GRADE, humans.grade)
        self._rows.add_enrolments(person, humans.unit, humans.form, grade, start_day=start_days)
        self._rows.join(person, humans.school_class, humans.is_in_first_group, start_day=start_days)

    def add_oddities(self) -> None:
        """Add what real registers hold: overlapping, cancelled and double enrolments."""
        humans, day = self._humans, self._first_day
        late = self._some(_ODD)
        self._rows.add_enrolments(
            late,
            humans.unit[late],
            humans.form[late],
            np.maximum(1, humans.grade[late] - 1),
            start_day=day - 730,
            end_day=day + 13,
        )
        cancelled = self._some(_ODD)
        self._rows.add_enrolments(
            cancelled,
            humans.unit[cancelled],
            humans.form[cancelled],
            humans.grade[cancelled],
            start_day=day + 3,
            is_cancelled=True,
        )

    def double(self) -> None:
        """Give a few pupils a second record in another source, for one subject's teaching there."""
        humans = self._humans
        chosen = self._some(_DOUBLED)
        chosen = chosen[humans.joins[chosen]]
        target = self._target_of(chosen, other_source=True)
        chosen, target = chosen[target >= 0], target[target >= 0]
        person = self._rows.add_persons(humans.source[target], chosen)
        self._rows.add_enrolments(
            person, humans.unit[target], humans.form[target], humans.grade[target], start_day=self._first_day
        )
        self._rows.add_members(person, humans.school_class[target] * GROUPS_PER_CLASS + FIRST_GROUP, self._first_day)

    def move_some(self) -> None:
        """Move some pupils at the end of a week, the last of them after the last whole week."""
        config, humans = self._config, self._humans
        chosen = self._some(config.movers_per_thousand / 1000)
        if config.movers_per_thousand > 0 and not len(chosen) and len(humans.source):
            chosen = np.array([len(humans.source) // 2])
        target = self._target_of(chosen, other_source=False)
        chosen, target = chosen[target >= 0], target[target >= 0]
        week = self._draws.integers(0, config.weeks, len(chosen))
        # The newest week always has movers: the second night's news.
        week[: max(1, len(week) // config.weeks)] = config.weeks - 1
        monday = self._first_day + (week + 1) * 7
        mondays = {
            number: moment(
                config.start_date + timedelta(days=int(number) - self._first_day), time(7, 30), self._timezone
            )
            for number in np.unique(monday).tolist()
        }
        known_at = np.array([mondays[int(number)] for number in monday], np.int64)
        self._rows.leave(chosen, monday - 3, known_at + 3600)
        is_same_source = humans.source[chosen] == humans.source[target]
        person = chosen.copy()
        person[~is_same_source] = self._rows.add_persons(
            humans.source[target[~is_same_source]], chosen[~is_same_source], known_at=known_at[~is_same_source]
        )
        self._rows.add_enrolments(
            person, humans.unit[target], humans.form[target], humans.grade[target], start_day=monday, known_at=known_at
        )
        is_first = humans.is_in_first_group[chosen]
        self._rows.join(person, humans.school_class[target], is_first, start_day=monday, known_at=known_at)

    def close(self) -> tuple[Persons, Enrolments, Memberships]:
        """Give everything written, persons ordered by source."""
        persons = self._rows.persons()
        order = np.argsort(persons.source.to_numpy(), kind="stable")
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        return self._person_table(persons.iloc[order]), *self._rows.tables(place)

    def _person_table(self, rows: pd.DataFrame) -> Persons:
        """Give the person records; a number that does not join stays with its record."""
        humans, config = self._humans, self._config
        human = rows.human.to_numpy(np.int64)
        record = np.arange(len(rows))
        draws = generator(config.seed, "protection")
        share = config.protected_per_thousand / 1000
        luck = draws.random(len(humans.source))
        kind = draws.integers(1, 5, len(humans.source)).astype(np.int8)
        marking = np.where(luck < share, kind, 0)[human].astype(np.int8)
        last_morning = moment(config.last_day, time(10), self._timezone)
        is_late = (luck >= share) & (luck < share * 1.2)
        marking = np.where(is_late[human], 1, marking).astype(np.int8)
        on_references = (luck >= share * 1.2) & (luck < share * 1.5)
        return Persons(
            source=rows.source.to_numpy(np.int16),
            pupil=np.where(humans.joins[human], human, len(human) + len(humans.source) + record).astype(np.int32),
            civic_number=tuple(humans.civic_number[index] for index in human.tolist()),
            birth_day=humans.birth_day[human],
            sex=humans.sex[human],
            marking=marking,
            marked_at=np.where(is_late[human], last_morning, 0).astype(np.int64),
            is_marked_on_references=on_references[human],
            created_at=rows.known_at.to_numpy(np.int64),
        )

    def human_of_records(self) -> Int64:
        """Give the human behind each person record, in the order of the closed table."""
        persons = self._rows.persons()
        return persons.human.to_numpy(np.int64)[np.argsort(persons.source.to_numpy(), kind="stable")]

    def _some(self, share: float) -> Int64:
        """Choose a share of the humans."""
        return np.flatnonzero(self._draws.random(len(self._humans.source)) < share)

    def _target_of(self, chosen: Int64, *, other_source: bool) -> Int64:
        """Find for each human a schoolmate to be: same form and grade, elsewhere; -1 where there is none."""
        humans = self._humans
        key = humans.form.astype(np.int64) * 100 + humans.grade
        places = {value: np.flatnonzero(key == value) for value in np.unique(key).tolist()}
        found = np.full(len(chosen), -1, np.int64)
        for index, human in enumerate(chosen.tolist()):
            mates = places[int(key[human])]
            for mate in mates[self._draws.integers(0, len(mates), _TRIES)].tolist():
                differs = humans.source if other_source else humans.unit
                if differs[mate] != differs[human]:
                    found[index] = mate
                    break
        return found
