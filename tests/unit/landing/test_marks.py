from __future__ import annotations

from collections import defaultdict
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from narvaro.landing import hidden_people, marked_people
from narvaro.sources.contract import ENTITIES, PROVENANCE

NIGHT = date(2026, 9, 19)


class Landed:
    """Writes rows of several sources; what a row does not name is null."""

    def __init__(self, folder):
        self.folder = folder
        self.files = defaultdict(list)

    def land(self, entity, *rows, source="s"):
        columns = {}
        for field in ENTITIES[entity]:
            name = "_source_modified_at" if field.name == "source_modified_at" else field.name
            columns[name] = pa.array([row.get(field.name) for row in rows], field.type)
        load_id = f"{NIGHT:%Y%m%d}-{source}-{entity}-{len(self.files[entity]):06x}"
        stamps = {"_source": [source] * len(rows), "_load_id": [load_id] * len(rows), "_row": list(range(len(rows)))}
        columns |= {field.name: pa.array(stamps[field.name], field.type) for field in PROVENANCE}
        path = self.folder / f"{load_id}.parquet"
        pq.write_table(pa.table(columns), path)
        self.files[entity].append(path)


@pytest.fixture
def landed(tmp_path):
    return Landed(tmp_path)


def a_pupil(person_id, pupil_id, *, is_protected=False):
    return {"person_id": person_id, "pupil_id": pupil_id, "is_protected": is_protected}


def marked(landed):
    table = marked_people(landed.files, ENTITIES, landed.folder / "spill")
    return [(row["source_name"], row["person_id"]) for row in table.to_pylist()]


def hidden(landed, source):
    return hidden_people(landed.files, ENTITIES, landed.folder / "spill", source)


def test_no_files_mark_nobody(landed):
    assert marked(landed) == []
    assert hidden(landed, "s") == frozenset()


@pytest.mark.parametrize(
    "entity", ["attendances", "group_memberships", "absence_notices", "grades", "aggregated_attendances"]
)
def test_a_mark_on_a_reference_marks_its_person(landed, entity):
    landed.land(entity, {"person_id": "a", "is_protected": True}, {"person_id": "b", "is_protected": False})
    assert marked(landed) == [("s", "a")]


def test_every_entity_that_can_carry_a_mark_is_asked():
    carrying = {entity for entity, schema in ENTITIES.items() if "is_protected" in schema.names}
    assert all("person_id" in ENTITIES[entity].names for entity in carrying)
    assert len(carrying) == 6


def test_a_missing_mark_is_a_mark(landed):
    landed.land("pupils", a_pupil("a", "h", is_protected=None))
    assert marked(landed) == [("s", "a")]


def test_an_empty_group_marks_nobody(landed):
    landed.land("group_memberships", {"group_id": "g", "person_id": None, "is_protected": None})
    assert marked(landed) == []


def test_a_pupil_marked_in_another_source_is_hidden_here(landed):
    landed.land("pupils", a_pupil("here", "h"), a_pupil("other", "o"))
    landed.land("pupils", a_pupil("there", "h", is_protected=True), source="t")
    assert hidden(landed, "s") == {"here"}
    assert hidden(landed, "t") == {"there"}


def test_an_earlier_mark_of_any_load_hides(landed):
    """What has been told of a child cannot be untold."""
    landed.land("pupils", a_pupil("a", "h", is_protected=True))
    landed.land("pupils", a_pupil("a", "h"))
    assert hidden(landed, "s") == {"a"}


def test_a_second_record_of_a_marked_pupil_is_hidden(landed):
    landed.land("pupils", a_pupil("first", "h"), a_pupil("second", "h"))
    landed.land("attendances", {"person_id": "second", "is_protected": True})
    assert hidden(landed, "s") == {"first", "second"}


def test_a_mark_without_a_record_hides_too(landed):
    landed.land("attendances", {"person_id": "unknown", "is_protected": True})
    assert hidden(landed, "s") == {"unknown"}
