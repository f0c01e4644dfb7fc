"""Whatever a civic number looks like: no error, no plain value, and no two people joined.

Every number here is invented; valid ones have birth numbers that Skatteverket keeps for tests.
"""

from __future__ import annotations

from datetime import date

from hypothesis import assume, example, given
from hypothesis import strategies as st

from narvaro.privacy import Key, Pseudonymiser

NIGHT = date(2026, 9, 19)
KEY = Key(b"k" * 32)
JOINED = {"personnummer", "samordningsnummer"}
HERE = Pseudonymiser(KEY, "here", reference_date=NIGHT)
THERE = Pseudonymiser(KEY, "there", reference_date=NIGHT)


def check_digit(nine: str) -> str:
    doubled = [int(digit) * (2 - index % 2) for index, digit in enumerate(nine)]
    return str(-sum(number // 10 + number % 10 for number in doubled) % 10)


births = st.dates(date(1990, 1, 1), date(2026, 9, 18)) | st.sampled_from(
    [date(2012, 2, 29), date(2000, 2, 29), date(2016, 2, 29), date(1999, 12, 31), date(2000, 1, 1)]
)
centenarians = st.dates(date(1910, 1, 1), date(1926, 12, 31))


@st.composite
def numbers(draw: st.DrawFn, born: st.SearchStrategy[date] = births) -> str:
    """A valid test number of twelve characters: personnummer or samordningsnummer."""
    birth = draw(born)
    serials = st.sampled_from((238, 239)) if birth.year >= 1990 else st.integers(980, 999)
    digits = f"{birth:%Y%m}{birth.day + draw(st.sampled_from((0, 60))):02d}{draw(serials)}"
    return digits + check_digit(digits[2:])


@st.composite
def own_numbers(draw: st.DrawFn) -> str:
    """A number of the source's own making: TF, letters, or a wrong check digit."""
    number = draw(numbers())
    wrong = str((int(number[11]) + draw(st.integers(1, 9))) % 10)
    return draw(st.sampled_from([number[:8] + "TF01", number[:8] + "T001", number[:11] + wrong]))


def spellings(number: str) -> list[str]:
    sign = "+" if NIGHT.year - int(number[:4]) >= 100 else "-"
    short = f"{number[2:8]}{sign}{number[8:]}"
    plain = [number[2:]] if sign == "-" else []
    return [number, f"{number[:8]}-{number[8:]}", short, f" {short} ", number.lower(), *plain]


@given(numbers() | numbers(centenarians), st.uuids().map(str), st.uuids().map(str))
def test_one_human_being_is_one_in_every_spelling_and_source(number, uuid, other_uuid):
    (one,) = {HERE.pupil_id(text, uuid) for text in spellings(number)} | {
        THERE.pupil_id(text, other_uuid) for text in spellings(number)
    }
    assert one[1] in JOINED


@given(numbers(), numbers())
@example("201208032381", "201208632388")
def test_two_numbers_are_two_people_in_every_pair_of_spellings(first, second):
    assume(first != second)
    people = [{HERE.pupil_id(text, "x")[0] for text in spellings(number)} for number in (first, second)]
    assert not people[0] & people[1]


@given(numbers(centenarians))
def test_a_hundred_years_are_not_forgotten_by_a_plus_sign(number):
    """The same ten digits belong to a child and to its great-grandmother."""
    child = f"20{number[2:]}"
    assert HERE.pupil_id(f"{number[2:8]}+{number[8:]}", "x") == HERE.pupil_id(number, "x")
    assert HERE.pupil_id(f"{number[2:8]}-{number[8:]}", "x") == HERE.pupil_id(child, "x")
    assert HERE.pupil_id(child, "x")[0] != HERE.pupil_id(number, "x")[0]


@given(own_numbers(), st.uuids().map(str))
def test_a_number_of_the_sources_own_making_joins_nothing_elsewhere(number, uuid):
    here, kind = HERE.pupil_id(number, uuid)
    assert kind in {"tf_number", "reserve"}
    assert here == HERE.pupil_id(f"{number[:8]}-{number[8:]}", "another record")[0]
    assert here != THERE.pupil_id(number, uuid)[0]


@given(numbers(), st.data())
def test_a_damaged_number_never_joins_whom_it_came_from(number, data):
    """A digit changed or lost gives another person or none; only spelling may differ."""
    text = data.draw(st.sampled_from(spellings(number)))
    place = data.draw(st.integers(0, len(text) - 1))
    put = data.draw(st.sampled_from(["", *"0123456789", "A", "å", "٣", "\x00"]))
    damaged = text[:place] + put + text[place + 1 :]
    pupil, kind = HERE.pupil_id(damaged, "x")
    digits, given_digits = ("".join(filter(str.isalnum, t)) for t in (damaged, text))
    if digits.upper() != given_digits.upper():
        assert pupil != HERE.pupil_id(number, "x")[0]
        if kind in JOINED:
            # A whole number by itself: fewer digits of the century, or another valid one.
            assert THERE.pupil_id(damaged, "y")[0] == pupil


@given(st.text() | st.none() | st.text("0123456789+-TF ", max_size=15), st.uuids().map(str))
@example("0" * 12, "a")
@example("20120230-2381", "a")
@example("201213322381", "a")
@example("00000000TF00", "a")
def test_whatever_comes_is_keyed_and_typed(text, uuid):
    pupil, kind = HERE.pupil_id(text, uuid)
    assert len(pupil) == 32
    assert kind in {*JOINED, "tf_number", "reserve", "none"}
    assert not text or len(text) < 6 or text not in pupil
    if kind not in JOINED:
        assert pupil != THERE.pupil_id(text, uuid)[0]
