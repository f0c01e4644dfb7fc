"""Every civic number here is invented.

Valid ones have birth numbers 238 and 239 (birth years from 1990) or 980 to 999 (earlier years), the ranges
of Skatteverket's published test numbers, or are the published test number of 12 December 1912; invalid ones
are valid ones with another check digit.
"""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from narvaro.domain.civic_number import CivicNumber, identify

NIGHT = date(2026, 9, 19)
birth_dates = st.dates(date(1900, 1, 1), date(2026, 9, 18))


def check_digit(nine: str) -> str:
    doubled = [int(digit) * (2 - index % 2) for index, digit in enumerate(nine)]
    return str(-sum(number // 10 + number % 10 for number in doubled) % 10)


@st.composite
def personnummer(draw, born=birth_dates, added_days=0):
    """A valid test number of twelve digits."""
    birth = draw(born)
    numbers = st.sampled_from((238, 239)) if birth.year >= 1990 else st.integers(980, 999)
    digits = f"{birth:%Y%m}{birth.day + added_days:02d}{draw(numbers)}"
    return digits + check_digit(digits[2:])


def spellings(number: str, reference_date: date = NIGHT) -> list[str]:
    """All the ways in which systems write a number of twelve digits."""
    sign = "+" if reference_date.year - int(number[:4]) >= 100 else "-"
    return [number, f"{number[:8]}-{number[8:]}", f"{number[2:8]}{sign}{number[8:]}"]


@given(personnummer())
def test_every_spelling_gives_the_same_personnummer(number):
    for text in spellings(number):
        assert identify(text, NIGHT) == CivicNumber("personnummer", number)


@given(personnummer(added_days=60))
def test_every_spelling_gives_the_same_samordningsnummer(number):
    for text in spellings(number):
        assert identify(text, NIGHT) == CivicNumber("samordningsnummer", number)


@given(personnummer(born=st.dates(date(1927, 1, 1), date(2026, 9, 18))))
def test_ten_digits_without_a_sign_are_of_the_last_hundred_years(number):
    assert identify(number[2:], NIGHT) == CivicNumber("personnummer", number)


def test_a_plus_sign_makes_a_centenarian():
    assert identify("121212-1212", NIGHT).normalised[:8] == "20121212"
    assert identify("121212+1212", NIGHT) == CivicNumber("personnummer", "191212121212")


def test_the_sign_changes_with_the_year_of_the_hundredth_birthday():
    number = "192612249802"
    number = number[:11] + check_digit(number[2:11])
    assert identify(f"{number[2:8]}-{number[8:]}", date(2025, 12, 31)).normalised == number
    assert identify(f"{number[2:8]}+{number[8:]}", date(2026, 1, 1)).normalised == number


def test_a_childs_century_does_not_depend_on_the_night():
    for year in range(2020, 2040):
        assert identify("190229-2385", date(year, 8, 17)).kind == "none"  # 2019 had no leap day
        assert identify("200229-2389", date(year, 8, 17)).normalised[:8] == "20200229"


@given(personnummer(), st.integers(1, 9))
def test_a_wrong_check_digit_is_a_reserve_number_that_joins_nothing(number, offset):
    wrong = number[:11] + str((int(number[11]) + offset) % 10)
    identity = identify(wrong, NIGHT)
    assert identity == CivicNumber("reserve", wrong)
    assert not identity.joins_across_sources


@given(personnummer(born=st.just(date(2012, 2, 29))))
def test_a_leap_day_is_a_birthday_in_a_leap_year(number):
    assert identify(number, NIGHT).kind == "personnummer"
    assert identify(f"2011{number[4:]}", NIGHT).kind == "none"
    assert identify(f"1900{number[4:]}", NIGHT).kind == "none"
    assert identify(f"2000{number[4:]}", NIGHT).kind != "none"


@given(birth_dates, st.integers(0, 99))
def test_a_tf_number_is_typed_in_every_spelling(birth, serial):
    number = f"{birth:%Y%m%d}TF{serial:02d}"
    for text in [*spellings(number), number.lower()]:
        identity = identify(text, NIGHT)
        assert identity == CivicNumber("tf_number", number)
        assert not identity.joins_across_sources


@given(birth_dates, st.from_regex(r"[A-Z][0-9]{3}|[A-Z]{4}|T[0-9]{3}", fullmatch=True))
def test_other_letters_make_a_reserve_number(birth, suffix):
    assert identify(f"{birth:%Y%m%d}-{suffix}", NIGHT) == CivicNumber("reserve", f"{birth:%Y%m%d}{suffix}")


@pytest.mark.parametrize(
    "text",
    [
        " 20121212-2388 ",
        "20121212\u20112388",
        "20121212\u20132388",
        "20121212 2388",
        "20121212\u00a02388",
        "\ufeff201212122388",
    ],
)
def test_spaces_and_typographic_dashes_do_not_matter(text):
    assert identify(text, NIGHT).normalised == "201212122388"


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        " ",
        "saknas",
        "20121212",
        "2012121223889",
        "20121212--2388",
        "201212322388",  # day 32
        "201213122388",  # month 13
        "201212002388",  # day 0
        "201212602388",  # day 60 is neither
        "201212922388",  # day 92 is neither
        "000000000000",
        "2.01212122388E+11",  # what a spreadsheet makes of it
        "201212122388.0",
        "".join(chr(0xFF10 + int(digit)) for digit in "201212122388"),  # full-width digits
        "20121212\uff0d238\uff18",
        "".join(chr(0x0660 + int(digit)) for digit in "201212122388"),
        "5564624368",  # an organisation number
        "0771234567",
    ],
)
def test_what_is_no_civic_number_is_none(text):
    assert identify(text, NIGHT) == CivicNumber("none", "")


@given(st.one_of(st.text(), st.text("0123456789-+TF ", max_size=16), st.from_regex(r"[0-9]{6,8}[-+]?[0-9A-Z]{4}")))
@example("\U0001d7ce" * 12)
@example("ß" * 12)
@example("000101+0000")
def test_no_text_ever_raises_and_normalising_is_idempotent(text):
    identity = identify(text, NIGHT)
    assert (identity.kind == "none") == (identity.normalised == "")
    assert len(identity.normalised) in (0, 12)
    assert identify(identity.normalised, NIGHT) == identity


@given(st.one_of(st.integers(), st.floats(), st.booleans(), st.binary(), st.lists(st.text())))
def test_what_is_not_text_is_none(value):
    assert identify(value, NIGHT).kind == "none"


@given(personnummer(), st.dates(date(2027, 1, 1), date(2200, 1, 1)))
def test_a_whole_year_needs_no_reference_date(number, reference_date):
    assert identify(number, reference_date).normalised == number


@given(personnummer())
def test_a_civic_number_is_never_shown(number):
    identity = identify(number, NIGHT)
    assert number not in repr(identity)
    assert number[8:] not in repr(identity)
