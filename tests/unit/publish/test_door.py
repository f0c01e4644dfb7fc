from __future__ import annotations

from types import SimpleNamespace

import pyarrow as pa
import pytest

from narvaro.disclosure import publishable_columns
from narvaro.errors import PublishError
from narvaro.publish.door import refuse_unlisted
from narvaro.publish.tables import ReferenceColumn


def a_table(data: dict, *, listed: list[str] | None = None, name: str = "areas") -> SimpleNamespace:
    columns = [ReferenceColumn(column, "VARCHAR", "sv", "en") for column in listed or list(data)]
    return SimpleNamespace(name=name, sv="sv", en="en", columns=columns, data=pa.table(data))


def test_door_lets_a_listed_table_pass():
    refuse_unlisted([a_table({"municipality_code": ["0180"], "pupils_count": [12]})])


def test_door_refuses_an_unlisted_column():
    with pytest.raises(PublishError, match="not listed for publication: extra"):
        refuse_unlisted([a_table({"municipality_code": ["0180"], "extra": [1]}, listed=["municipality_code"])])


def test_door_refuses_a_missing_column():
    with pytest.raises(PublishError, match="columns differ"):
        refuse_unlisted([a_table({"a": [1]}, listed=["a", "b"])])


def test_door_refuses_two_tables_of_one_name():
    with pytest.raises(PublishError, match="come once"):
        refuse_unlisted([a_table({"a": [1]}), a_table({"a": [1]})])


@pytest.mark.parametrize(
    "name",
    ["pupil_id", "person_id", "person", "student_uuid", "civic_number", "personnummer", "given_name", "email",
     "telefon", "is_protected", "birth_date", "pupil", "id", "_row", "elev_id", "guardian_name", "Robert'); drop"],
)  # fmt: skip
def test_door_refuses_a_column_named_like_a_person(name):
    with pytest.raises(PublishError, match="Nothing of a person may leave"):
        refuse_unlisted([a_table({name: ["x"]})])


@pytest.mark.parametrize(
    "value",
    ["cafe0123456789abcdef0123456789ab", "201001012380", "20100101-2380", "0d9c2f5e-8e0b-4f38-9d4a-1f1f1f1f1f1f"],
)
def test_door_refuses_a_text_written_like_a_persons_id_and_does_not_repeat_it(value):
    with pytest.raises(PublishError, match="Nothing of a person may leave") as caught:
        refuse_unlisted([a_table({"school_unit_name": ["Storskolan", value]})])
    assert value not in str(caught.value)


def test_door_lets_every_publishable_column_pass():
    refuse_unlisted([a_table({name: ["x"]}, name=f"table_{name}") for name in publishable_columns()])
