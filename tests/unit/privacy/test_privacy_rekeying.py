"""A stored pseudonym that is keyed once more is the one that a new reading gives."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narvaro.errors import PrivacyError
from narvaro.privacy import KEYED_COLUMNS, Key, Pseudonymiser, Rekeyer, key_from_text, new_key
from narvaro.sources.contract import ENTITIES

NIGHT = date(2026, 9, 19)
FIRST = Key(b"k" * 32)
SECOND = Key(b"k" * 32, (b"l" * 32,))
THIRD = Key(b"k" * 32, (b"l" * 32, b"m" * 32))
# Columns with an id in the entities of the contract that stand for no person.
OTHER_IDS = {"organisation_id", "group_id", "activity_id", "lesson_id", "record_id"} | {
    "attendance_id",
    "absence_notice_id",
    "grade_id",
}


def reading(key: Key, source: str = "a") -> Pseudonymiser:
    return Pseudonymiser(key, source, reference_date=NIGHT)


@pytest.mark.parametrize(("was", "key"), [(FIRST, SECOND), (FIRST, THIRD), (SECOND, THIRD), (THIRD, THIRD)])
@given(number=st.none() | st.sampled_from(["201208032381", "20130101TF01", "201301011234"]), uuid=st.uuids().map(str))
def test_keyed_once_more_is_what_a_new_reading_gives(was, key, number, uuid):
    rekeyer = Rekeyer(key, len(was.key_ids))
    assert rekeyer.person_id(reading(was).person_id(uuid)) == reading(key).person_id(uuid)
    assert rekeyer.pupil_id(reading(was).pupil_id(number, uuid)[0]) == reading(key).pupil_id(number, uuid)[0]


def test_a_record_and_a_human_being_never_meet_under_a_longer_key():
    rekeyer = Rekeyer(SECOND, 1)
    assert rekeyer.person_id("f" * 32) != rekeyer.pupil_id("f" * 32)


def test_every_pseudonym_of_a_table_is_keyed_and_nothing_else():
    table = pa.table(
        {
            "pupil_id": pa.array(["p", None, "p"]),
            "person_id": pa.chunked_array([["r"], ["r", None]]),
            "attendance_id": ["p", "r", "x"],
            "minutes": pa.array([1, 2, 3], pa.int32()),
        }
    )
    rekeyer = Rekeyer(SECOND, 1)
    after = rekeyer.table(table)
    assert after.schema == table.schema
    assert after.column("pupil_id").to_pylist() == [rekeyer.pupil_id("p"), None, rekeyer.pupil_id("p")]
    assert after.column("person_id").to_pylist() == [rekeyer.person_id("r"), rekeyer.person_id("r"), None]
    assert after.select(["attendance_id", "minutes"]) == table.select(["attendance_id", "minutes"])


def test_of_deleted_records_only_pupils_are_keyed():
    table = pa.table({"entity": ["pupils", "lessons", None, "pupils"], "record_id": ["r", "r", "r", None]})
    after = Rekeyer(SECOND, 1).table(table)
    assert after.column("record_id").to_pylist() == [Rekeyer(SECOND, 1).person_id("r"), "r", "r", None]


def test_a_table_without_rows_stays():
    table = pa.table({"pupil_id": pa.array([], pa.string()), "person_id": pa.chunked_array([], pa.string())})
    assert Rekeyer(SECOND, 1).table(table).equals(table)


def test_every_id_of_the_contract_is_known_to_be_a_persons_or_not():
    """A new column of people that no rotation reaches would keep pseudonyms of the old key."""
    names = {name for schema in ENTITIES.values() for name in schema.names if name.endswith(("_id", "_ids"))}
    assert names - {"group_ids"} == set(KEYED_COLUMNS) | OTHER_IDS


def test_a_key_shows_which_secrets_it_holds_and_not_what_they_are():
    assert THIRD.key_id == ".".join(THIRD.key_ids)
    assert THIRD.key_ids[:2] == SECOND.key_ids
    assert THIRD.in_force(SECOND.key_ids) == SECOND
    assert "lll" not in repr(THIRD)


@pytest.mark.parametrize("key_ids", [(), ("0" * 16,), (*FIRST.key_ids, "0" * 16), (*THIRD.key_ids, "0" * 16)])
def test_another_key_than_the_rows_are_keyed_by_is_refused(key_ids):
    with pytest.raises(PrivacyError, match="not the one that the landed rows are keyed by"):
        THIRD.in_force(key_ids)


def test_a_longer_key_is_read_as_it_was_written():
    key = new_key().extended().extended()
    assert len(set(key.key_ids)) == 3
    assert key_from_text(key.to_text(), "x") == key
    assert key_from_text(" ".join(key.to_text().split()), "x") == key


@pytest.mark.parametrize("text", ["ab" * 32 + "\n" + "ab" * 32, "ab" * 32 + " " + "cd" * 31, "ab" * 32 + " kanarie"])
def test_a_key_with_a_bad_secret_behind_a_good_one_is_refused_and_not_shown(text):
    with pytest.raises(PrivacyError) as caught:
        key_from_text(text, "the connection narvaro_pseudonym_key")
    assert "the connection narvaro_pseudonym_key" in str(caught.value)
    assert "abab" not in str(caught.value)
    assert "kanarie" not in str(caught.value)
