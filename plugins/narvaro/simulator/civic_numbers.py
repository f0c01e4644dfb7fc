"""Civic numbers that belong to nobody.

Numbers with a right check digit use the birth numbers 980 to 999 only, which Skatteverket keeps
for test persons. When a cohort needs more of them than exist, the rest get a *wrong* check digit:
such a number is reserve, belongs to nobody, and joins nothing across sources.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from narvaro.simulator.randomness import generator
from narvaro.simulator.tables import Bool, Int8, Int32, Int64

_FIRST_TEST_NUMBER = 980
_TEST_NUMBERS_PER_SEX = 10
_DAYS = 365
_SAMORDNING_DAYS = 60
_KIND_SHARES = (0.990, 0.004, 0.003, 0.003)
_PERSONNUMMER, _SAMORDNING, _TF, _NONE = range(4)


def check_digit(digits: str) -> int:
    """Give the Luhn digit that closes nine digits."""
    total = 0
    for place, digit in enumerate(digits):
        value = int(digit) * (2 - place % 2)
        total += value // 10 + value % 10
    return -total % 10


def civic_numbers(seed: int, birth_year: Int32, sex: Int8) -> tuple[list[str | None], Int32, Bool]:
    """Give every human a civic number, a birth day, and whether the number joins across sources."""
    rank = _rank_in_cohort(birth_year * 2 + (sex == 1))
    kinds = generator(seed, "civic number").choice(len(_KIND_SHARES), size=len(sex), p=_KIND_SHARES)
    texts: list[str | None] = []
    days = np.empty(len(sex), np.int32)
    joins = np.zeros(len(sex), np.bool_)
    epoch = date(1970, 1, 1)
    for index, (year, number, kind) in enumerate(zip(birth_year.tolist(), rank.tolist(), kinds.tolist(), strict=True)):
        day = date(year, 1, 1) + timedelta(days=number * 137 % _DAYS)
        days[index] = (day - epoch).days
        texts.append(_text(day, number // _DAYS, is_male=bool(sex[index] == 1), kind=kind))
        joins[index] = kind in (_PERSONNUMMER, _SAMORDNING) and number // _DAYS < _TEST_NUMBERS_PER_SEX
    return texts, days, joins


def _text(day: date, lap: int, *, is_male: bool, kind: int) -> str | None:
    """Write one number of twelve characters."""
    if kind == _NONE:
        return None
    if kind == _TF:
        return f"{day:%Y%m%d}TF{(2 * lap + is_male) % 100:02d}"
    is_test_number = lap < _TEST_NUMBERS_PER_SEX
    serial = (_FIRST_TEST_NUMBER if is_test_number else 100 - 2 * _TEST_NUMBERS_PER_SEX) + 2 * lap + is_male
    shown_day = day.day + (_SAMORDNING_DAYS if kind == _SAMORDNING else 0)
    start = f"{day:%Y%m}{shown_day:02d}{serial:03d}"
    right = check_digit(start[2:])
    return f"{start}{right if is_test_number else (right + 1) % 10}"


def _rank_in_cohort(cohort: Int32) -> Int64:
    """Number the humans of each cohort from 0."""
    order = np.argsort(cohort, kind="stable")
    ordered = cohort[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    rank = np.empty(len(cohort), np.int64)
    rank[order] = np.arange(len(cohort)) - np.repeat(starts, np.diff(np.r_[starts, len(cohort)]))
    return rank
