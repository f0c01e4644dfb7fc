"""Which pupil was expected at which lesson, and what the register says: the ground of the truth."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from narvaro.simulator.calendar import date_of
from narvaro.simulator.randomness import uuid_bytes
from narvaro.simulator.tables import ACTIVITY_TYPES, COUNTING_TYPES, FORMS, OPEN_DAY, SEXES, Bool, Int64

if TYPE_CHECKING:
    from narvaro.simulator.world import World

_AUTUMN_FROM_MONTH = 7
_GRADES = ["unknown", *(str(grade) for grade in range(1, 10))]


@dataclass(frozen=True, slots=True)
class Horizon:
    """What the warehouse has been given: the night's bound, each source's clock, rows set aside."""

    until: int
    clocks: Mapping[int, int]
    quarantined: Collection[str] | None

    def clock_of(self, sources: np.ndarray) -> Int64:
        """Give the clock of each row's source; a source that is left out knows nothing."""
        known = np.full(max([*self.clocks, int(sources.max(initial=0))]) + 1, -1, np.int64)
        for place, clock in self.clocks.items():
            known[place] = clock
        clocks: Int64 = known[sources]
        return clocks


def expected_pupil_lessons(world: World, horizon: Horizon) -> pd.DataFrame:
    """Give one row per expected pupil and lesson, with its minutes and everything it is counted by."""
    lessons = _counting_lessons(world, horizon)
    registers = _newest_registers(world, horizon)
    registers = registers[registers.lesson.isin(lessons.lesson)]
    members = _members(world, horizon, lessons)
    pairs = pd.concat([members, registers[["lesson", "person"]]]).drop_duplicates()
    pairs = pairs.merge(lessons, on="lesson").merge(registers, on=["lesson", "person"], how="left")
    pairs = _enrolled(world, horizon, pairs)
    is_reported = pairs.is_reported.fillna(value=False).astype(bool)
    offered = pairs.scheduled_minutes.where(is_reported, 0)
    valid = pairs.valid.where(is_reported, 0).fillna(0).astype(np.int64)
    invalid = pairs.invalid.where(is_reported, 0).fillna(0).astype(np.int64)
    return _described(
        world,
        horizon,
        pairs.assign(
            is_reported=is_reported,
            offered_minutes=offered,
            valid_absent_minutes=valid,
            invalid_absent_minutes=invalid,
        ),
    )


def _counting_lessons(world: World, horizon: Horizon) -> pd.DataFrame:
    """Give the lessons of teaching and pupils' activities that were held and are over."""
    lessons, activities = world.lessons, world.activities
    clock = horizon.clock_of(lessons.source)
    kinds = [ACTIVITY_TYPES.index(kind) for kind in COUNTING_TYPES]
    counts = (lessons.created_at <= clock) & (lessons.deleted_at > clock) & (lessons.cancelled_at > clock)
    counts &= (lessons.ended_at <= horizon.until) & np.isin(activities.kind[lessons.activity], kinds)
    chosen = np.flatnonzero(counts)
    return pd.DataFrame(
        {
            "lesson": chosen,
            "activity": lessons.activity[chosen],
            "unit": activities.unit[lessons.activity[chosen]],
            "day": lessons.day[chosen],
            "scheduled_minutes": lessons.minutes()[chosen].astype(np.int64),
        }
    )


def _register_rows(world: World, horizon: Horizon) -> pd.DataFrame:
    """Give the attendance rows as their sources show them, those set aside left out."""
    rows = world.registers
    clock = horizon.clock_of(rows.source)
    deleted_at = np.full(len(rows.lesson), np.iinfo(np.int64).max)
    deleted_at[rows.deleted_rows] = rows.deleted_at
    is_kept = (rows.created_at <= clock) & (deleted_at > clock) & ~_set_aside(world, horizon)
    is_reported = rows.reported_at <= clock
    modified_at = np.where(is_reported, np.maximum(rows.created_at, rows.reported_at), rows.created_at)
    valid, invalid = rows.valid.copy(), rows.invalid.copy()
    changes = rows.corrections
    is_known = changes.known_at <= clock[changes.row]
    row = changes.row[is_known]
    valid[row], invalid[row] = changes.valid[is_known], changes.invalid[is_known]
    modified_at[row] = np.maximum(modified_at[row], changes.known_at[is_known])
    frame = pd.DataFrame(
        {
            "lesson": rows.lesson.astype(np.int64),
            "person": rows.person.astype(np.int64),
            "is_reported": is_reported,
            "valid": valid,
            "invalid": invalid,
            "modified_at": modified_at,
        }
    )
    return frame[is_kept]


def _newest_registers(world: World, horizon: Horizon) -> pd.DataFrame:
    """Give one register entry for each lesson and person: the newest change, then the largest id."""
    frame = _register_rows(world, horizon)
    repeated = frame.duplicated(["lesson", "person"], keep=False)
    several = frame[repeated]
    ids = uuid_bytes(world.config.seed, "attendance", several.index.to_numpy()).view("S36").ravel()
    several = several.assign(identity=ids.astype(str)).sort_values(["modified_at", "identity"])
    newest = several.drop_duplicates(["lesson", "person"], keep="last").drop(columns="identity")
    return pd.concat([frame[~repeated], newest]).drop(columns="modified_at")


def _set_aside(world: World, horizon: Horizon) -> Bool:
    """Tell which attendance rows are quarantined."""
    size = len(world.registers.lesson)
    if horizon.quarantined is None:
        return np.isin(np.arange(size), world.registers.impossible_rows)
    wanted = np.array([text.encode() for text in horizon.quarantined], "S36")
    if not len(wanted):
        return np.zeros(size, np.bool_)
    return np.isin(uuid_bytes(world.config.seed, "attendance", np.arange(size)).view("S36").ravel(), wanted)


def _members(world: World, horizon: Horizon, lessons: pd.DataFrame) -> pd.DataFrame:
    """Give the members of each lesson's groups on its day, as the sources know them."""
    activities, members = world.activities, world.memberships
    clock = horizon.clock_of(world.persons.source[members.person])
    spells = pd.DataFrame(
        {
            "group": members.group,
            "person": members.person.astype(np.int64),
            "start_day": members.start_day,
            "end_day": np.where(members.end_known_at <= clock, members.end_day, OPEN_DAY),
        }
    )[members.known_at <= clock]
    groups = pd.DataFrame(
        {
            "activity": np.tile(np.arange(len(activities.unit)), 2),
            "group": np.r_[activities.first_group, activities.second_group],
        }
    )
    roster = groups.merge(spells, on="group").drop(columns="group")
    pairs = lessons[["lesson", "activity", "day"]].merge(roster, on="activity")
    is_member = (pairs.start_day <= pairs.day) & (pairs.day <= pairs.end_day)
    return pairs.loc[is_member, ["lesson", "person"]]


def _enrolled(world: World, horizon: Horizon, pairs: pd.DataFrame) -> pd.DataFrame:
    """Keep the pairs whose pupil is enrolled at the lesson's unit, each with the enrolment that counts."""
    table = world.enrolments
    clock = horizon.clock_of(world.persons.source[table.person])
    enrolments = pd.DataFrame(
        {
            "person": table.person.astype(np.int64),
            "unit": table.unit,
            "school_form": pd.Categorical.from_codes(table.form, pd.Index(FORMS)),
            "grade": pd.Categorical.from_codes(np.maximum(table.grade, 0), pd.Index(_GRADES)),
            "start_day": table.start_day,
            "end_day": np.where(table.end_known_at <= clock, table.end_day, OPEN_DAY),
        }
    )[(table.known_at <= clock) & ~table.is_cancelled]
    found = pairs.merge(enrolments, on=["person", "unit"])
    found = found[(found.start_day <= found.day) & (found.day <= found.end_day)]
    found = found.sort_values(["start_day", "school_form", "grade"], ascending=[False, True, True], kind="stable")
    return found.drop_duplicates(["lesson", "person"]).drop(columns=["start_day", "end_day"])


def _described(world: World, horizon: Horizon, pairs: pd.DataFrame) -> pd.DataFrame:
    """Add what a pupil-lesson is counted by: pupil, sex, protection, place, term and week."""
    persons, units = world.persons, world.units
    clock = horizon.clock_of(persons.source)
    is_marked = ((persons.marking > 0) & (persons.marked_at <= clock)) | persons.is_marked_on_references
    protected_pupils = persons.pupil[is_marked & (persons.created_at <= clock)]
    person, unit = pairs.person.to_numpy(), pairs.unit.to_numpy()
    days = [date_of(day) for day in range(int(pairs.day.min()), int(pairs.day.max()) + 1)] if len(pairs) else []
    place = pairs.day.to_numpy() - (pairs.day.min() if len(pairs) else 0)
    weeks = [f"{day.isocalendar().year}-W{day.isocalendar().week:02d}" for day in days]
    return pairs.assign(
        pupil=persons.pupil[person],
        sex=_named([sex or "Okänt" for sex in SEXES], persons.sex[person]),
        is_protected=np.isin(persons.pupil[person], protected_pupils),
        school_unit_code=_named(units.code, unit),
        municipality_code=_named(units.municipality_code, unit),
        owner_type=_named([source.owner_type for source in world.sources], units.source[unit]),
        term_code=_named([f"{d.year}{'HT' if d.month >= _AUTUMN_FROM_MONTH else 'VT'}" for d in days], place),
        iso_week=_named(weeks, place),
    )


def _named(names: Sequence[str], places: np.ndarray) -> pd.Categorical[str]:
    """Give the names at several places of a list, as categories: a million texts would be slow."""
    unique = sorted(set(names))
    codes = np.array([unique.index(name) for name in names], np.int64)
    return pd.Categorical.from_codes(codes[places], pd.Index(unique))
