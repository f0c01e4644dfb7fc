from __future__ import annotations

import csv
import io

import pytest
from reported import BLEKINGE, NIGHT, an_answer, an_issue, parsed, text_of

from narvaro.alerts import compose_letters
from narvaro.alerts.attachment import COLUMNS
from narvaro.county import load_county


@pytest.fixture(scope="module")
def county():
    return load_county(BLEKINGE)


def the_letter(county, *issues):
    (letter,) = compose_letters(county, NIGHT, issues)
    return letter


def attachments(letter):
    return [(part.get_filename(), part.get_content()) for part in parsed(letter).iter_attachments()]


def rows_of(letter):
    ((_, text),) = attachments(letter)
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:]), delimiter=";"))


def test_every_record_id_stands_in_the_attachment_with_its_rule(county):
    letter = the_letter(
        county,
        an_issue(record_ids=tuple(f"id-{number}" for number in range(25)), count=25, details={"entities": ["lessons"]}),
        an_issue(rule="odd_grade", record_ids=("g-1",), count=1),
    )
    rows = rows_of(letter)
    assert [row["record_id"] for row in rows if row["rule"] == "impossible_minutes"] == [f"id-{n}" for n in range(25)]
    assert rows[0]["entity"] == "lessons"
    assert [tuple(row) for row in rows] == [COLUMNS] * 26
    assert "Bilagan narvarofel-2026-09-19.csv har 26 rader om felen ovan, alla som finns." in text_of(letter)
    assert "id-24" not in text_of(letter)


def test_a_cut_list_says_so(county):
    letter = the_letter(county, an_issue(count=1_234))
    assert "har de första 2 av 1\xa0234 rader" in text_of(letter)


def test_a_fault_without_records_has_no_attachment(county):
    assert attachments(the_letter(county, an_issue(rule="silent_source", record_ids=(), count=1))) == []


def test_what_is_mended_or_verified_is_not_attached(county):
    verified = an_issue(rule="odd_grade", record_ids=("v-1",), event="seen", answer=an_answer("verified"))
    mended = an_issue(rule="odd_minutes", record_ids=("m-1",), event="resolved")
    assert {row["record_id"] for row in rows_of(the_letter(county, an_issue(), verified, mended))} == {"id-1", "id-2"}


def test_units_that_the_letter_has_no_room_for_are_attached(county):
    def letter_of(count):
        units = [
            an_issue(
                rule="reports_missing", school_unit_code=f"{n:08d}", record_ids=(), details={"periods": ["2026-W38"]}
            )
            for n in range(count)
        ]
        return the_letter(county, *units)

    assert attachments(letter_of(50)) == []
    rows = rows_of(letter_of(51))
    assert len(rows) == 51
    assert rows[0]["iso_weeks"] == "2026-W38"


def test_no_record_id_becomes_a_formula(county):
    ids = ("=HYPERLINK(1)", "+1", "-1", "@a", 'a;"b"\nc')
    rows = rows_of(the_letter(county, an_issue(record_ids=ids)))
    assert [row["record_id"] for row in rows] == ["'=HYPERLINK(1)", "'+1", "'-1", "'@a", 'a;"b" c']


def test_english_letters_have_an_english_name():
    english = load_county(BLEKINGE)
    office = english.municipalities["1080"]
    contact = office.contact.model_copy(update={"language": "en"})
    english.municipalities["1080"] = office.model_copy(update={"contact": contact})
    ((name, _),) = attachments(the_letter(english, an_issue()))
    assert name == "attendance-faults-2026-09-19.csv"
