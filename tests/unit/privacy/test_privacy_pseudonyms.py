from __future__ import annotations

import re
import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narvaro.privacy import Key, Pseudonymiser, is_protected

KEY = Key(b"k" * 32)
NIGHT = date(2026, 9, 19)
# With a serial number that Skatteverket keeps for tests.
PERSONNUMMER = "201208032381"
PSEUDONYM = re.compile("[0-9a-f]{32}")


def pseudonymiser(source="a", key=KEY):
    return Pseudonymiser(key, source, reference_date=NIGHT)


def test_the_same_civic_number_is_the_same_pupil_in_every_source():
    first, kind = pseudonymiser("a").pupil_id(PERSONNUMMER, "1")
    second, _ = pseudonymiser("b").pupil_id("120803-2381", "2")
    assert first == second
    assert kind == "personnummer"


def test_another_key_gives_another_pupil():
    assert pseudonymiser().pupil_id(PERSONNUMMER, "1") != pseudonymiser(key=Key(b"l" * 32)).pupil_id(PERSONNUMMER, "1")


@pytest.mark.parametrize(("number", "kind"), [("20130101TF01", "tf_number"), ("201301011234", "reserve")])
def test_a_number_of_the_sources_own_making_stays_within_it(number, kind):
    first, found = pseudonymiser("a").pupil_id(number, "1")
    assert found == kind
    assert first == pseudonymiser("a").pupil_id(number, "2")[0]
    assert first != pseudonymiser("b").pupil_id(number, "1")[0]


def test_without_a_number_the_record_stands_for_the_pupil():
    assert pseudonymiser().pupil_id(None, "1") == pseudonymiser().pupil_id("", "1")
    assert pseudonymiser().pupil_id(None, "1") != pseudonymiser().pupil_id(None, "2")
    assert pseudonymiser("a").pupil_id(None, "1") != pseudonymiser("b").pupil_id(None, "1")


def test_a_record_and_its_human_being_never_share_a_pseudonym():
    maker = pseudonymiser()
    assert maker.person_id("1") != maker.pupil_id(None, "1")[0]


def test_records_are_keyed_by_source_whatever_their_ids_case():
    assert pseudonymiser("a").person_id("ABC") == pseudonymiser("a").person_id(" abc ")
    assert pseudonymiser("a").person_id("abc") != pseudonymiser("b").person_id("abc")


def test_many_records_are_the_same_as_one_by_one():
    maker = pseudonymiser()
    one_by_one = pseudonymiser()
    for uuids in (["x", "y", "x"], [], ["y", "z"], ["z"]):
        assert maker.person_ids(uuids).to_pylist() == [one_by_one.person_id(uuid) for uuid in uuids]
    assert maker.person_id("z") == one_by_one.person_id("z")


@given(st.text(), st.text(min_size=1))
def test_whatever_comes_leaves_as_a_pseudonym(civic_number, uuid):
    maker = pseudonymiser()
    pupil_id, _ = maker.pupil_id(civic_number, uuid)
    assert PSEUDONYM.fullmatch(pupil_id)
    assert PSEUDONYM.fullmatch(maker.person_id(uuid))


@given(st.sets(st.uuids(), min_size=2, max_size=50))
def test_no_two_records_share_a_pseudonym(uuids):
    maker = pseudonymiser()
    assert len({maker.person_id(str(uuid)) for uuid in uuids}) == len(uuids)


@given(st.one_of(st.text(), st.booleans(), st.integers(), st.lists(st.text())))
def test_any_mark_but_ingen_protects(marking):
    is_none = isinstance(marking, str) and unicodedata.normalize("NFC", marking).strip().casefold() == "ingen"
    assert is_protected(marking) is not is_none


def test_absence_of_a_mark_does_not_protect():
    assert not is_protected(None)
