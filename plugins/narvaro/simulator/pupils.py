"""Pupils: who they are, where they are enrolled, which groups they belong to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from narvaro.simulator.civic_numbers import civic_numbers
from narvaro.simulator.randomness import generator
from narvaro.simulator.tables import Bool, Classes, Float, Int8, Int32

_CLASS_SIZE = 24
_STAGES_OF_COMPULSORY_SCHOOL = 3
_GRADES_PER_STAGE = 3
_SEX_UNKNOWN, _SEX_MISSING = 2, 3
_SEX_NOT_KNOWN, _IN_FIRST_GROUP = 0.004, 0.75
_AGE_AT_START, _AGE_AT_GYMNASIUM = 6, 15


@dataclass(frozen=True, slots=True)
class Humans:
    """The human beings behind the records, as drawn before anybody moves; one row each.

    The last fields tell how a human stands to the mean: 1.0 is the county's mean pupil.
    """

    source: Int32
    unit: Int32
    form: Int8
    grade: Int8
    school_class: Int32
    is_in_first_group: Bool
    is_independent: Bool
    sex: Int8
    birth_day: Int32
    civic_number: tuple[str | None, ...]
    joins: Bool
    illness_factor: Float
    skipping_factor: Float


def draw_humans(
    counts: pd.DataFrame, *, seed: int, autumn_year: int, spreads: tuple[float, float]
) -> tuple[Humans, Classes]:
    """Draw the pupils of every unit and grade and put them into classes."""
    rows = counts.loc[counts.index.repeat(counts.pupils)].reset_index(drop=True)
    draws = generator(seed, "humans")
    size = len(rows)
    form, grade = rows.form.to_numpy(np.int8), rows.grade.to_numpy(np.int8)
    sex = _sexes(draws, rows.girls_share.to_numpy())
    age = _AGE_AT_START + grade.astype(np.int32) + form * np.int32(_AGE_AT_GYMNASIUM - _AGE_AT_START)
    birth_year = (autumn_year - age).astype(np.int32)
    numbers, birth_days, joins = civic_numbers(seed, birth_year, sex)
    school_class, classes = _classes(rows.unit.to_numpy(np.int32), form, grade)
    illness, skipping = _factors(draws, size, spreads)
    humans = Humans(
        source=rows.source.to_numpy(np.int32),
        unit=rows.unit.to_numpy(np.int32),
        form=form,
        grade=grade,
        school_class=school_class,
        is_in_first_group=draws.random(size) < _IN_FIRST_GROUP,
        is_independent=rows.is_independent.to_numpy(np.bool_),
        sex=sex,
        birth_day=birth_days,
        civic_number=tuple(numbers),
        joins=joins,
        illness_factor=illness,
        skipping_factor=skipping,
    )
    return humans, classes


def _sexes(draws: np.random.Generator, girls_share: Float) -> Int8:
    """Draw places in SEXES: girls by the place's share, a few not known or not told."""
    size = len(girls_share)
    sex = np.where(draws.random(size) < girls_share, 0, 1)
    not_known = draws.choice([_SEX_UNKNOWN, _SEX_MISSING], size)
    return np.where(draws.random(size) < _SEX_NOT_KNOWN, not_known, sex).astype(np.int8)


def _factors(draws: np.random.Generator, size: int, spreads: tuple[float, float]) -> tuple[Float, Float]:
    """Draw how prone each human is to illness and to skipping: log-normal, correlated, mean 1."""
    first, second = draws.standard_normal((2, size))
    second = 0.5 * first + np.sqrt(0.75) * second
    illness_spread, skipping_spread = spreads
    return (
        np.exp(illness_spread * first - illness_spread**2 / 2),
        np.exp(skipping_spread * second - skipping_spread**2 / 2),
    )


def stage_of(form: Int8, grade: Int8) -> Int8:
    """Give the stage that chooses the timetable: three of compulsory school, three of upper secondary."""
    compulsory = (grade - 1) // _GRADES_PER_STAGE
    return np.where(form == 0, compulsory, _STAGES_OF_COMPULSORY_SCHOOL + grade - 1).astype(np.int8)


def _classes(unit: Int32, form: Int8, grade: Int8) -> tuple[Int32, Classes]:
    """Divide each unit's stage into classes; grades share a class where pupils are few."""
    stage = stage_of(form, grade)
    frame = pd.DataFrame({"unit": unit, "stage": stage, "grade": grade})
    grouped = frame.groupby(["unit", "stage"], sort=False)
    size = grouped.grade.transform("size").to_numpy()
    rank = grouped.cumcount().to_numpy()
    divisions = np.maximum(1, np.rint(size / _CLASS_SIZE).astype(np.int64))
    frame["division"] = rank * divisions // size
    keys = frame.groupby(["unit", "stage", "division"], sort=True)
    spans = keys.grade.agg(["min", "max"]).reset_index()
    names = tuple(
        (f"{low}" if low == high else f"{low}-{high}") + chr(ord("A") + division % 26)
        for low, high, division in zip(spans["min"], spans["max"], spans.division, strict=True)
    )
    classes = Classes(spans.unit.to_numpy(np.int32), spans.stage.to_numpy(np.int8), names)
    return np.asarray(keys.ngroup(), np.int32), classes
