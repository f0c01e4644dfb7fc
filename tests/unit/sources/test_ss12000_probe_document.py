"""Rows held against a document: told by field and rule, never by value."""

from __future__ import annotations

import pytest
import yaml

from narvaro.errors import SettingsError
from narvaro.sources.ss12000.probe.document import Document

CANARY = "Kanariefågel"
ROW = {"id": "3b3f5a4e-4d4e-4d7e-8a57-0a8b3f6f6c11", "when": "2026-09-18T10:00:00Z", "kind": "A"}
PROPERTIES = {
    "id": {"type": "string", "format": "uuid"},
    "when": {"type": "string", "format": "date-time"},
    "kind": {"type": "string", "enum": ["A", "B"]},
    "notes": {"type": "object", "additionalProperties": {"type": "string"}},
}


def a_document(path) -> None:
    """A document of our own, with a demand that no row can meet, as the published one has."""
    row = {"type": "object", "required": ["id", "when", "neverDefined"], "properties": PROPERTIES}
    page = {"type": "object", "properties": {"data": {"type": "array", "items": {"$ref": "#/components/schemas/Row"}}}}
    answer = {"200": {"content": {"application/json": {"schema": page}}}}
    content = {"paths": {"/attendances": {"get": {"responses": answer}}}, "components": {"schemas": {"Row": row}}}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")


@pytest.fixture
def document(tmp_path) -> Document:
    a_document(tmp_path / "openapi.yaml")
    return Document.read(tmp_path / "openapi.yaml")


def test_row_as_described_has_no_problems(document):
    assert not document.problems("/attendances", [ROW])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"when": CANARY}, "when (format: date-time)"),
        ({"kind": CANARY}, "kind (enum)"),
        ({"kind": 7}, "kind (type: string)"),
        ({"id": None}, "id (type: string)"),
    ],
)
def test_problem_is_told_by_field_and_rule_and_never_by_value(document, change, problem):
    found = document.problems("/attendances", [ROW | change, ROW])
    assert found[problem] == 1
    assert CANARY not in str(found)


def test_key_that_the_document_does_not_name_is_not_told(document):
    found = document.problems("/attendances", [ROW | {"notes": {CANARY: 7}}])
    assert set(found) == {"notes (type: string)"}


def test_missing_field_is_named_by_the_document(document):
    row = {name: value for name, value in ROW.items() if name != "when"}
    assert document.problems("/attendances", [row, row]) == {"the row (lacks when)": 2}


def test_list_that_the_document_does_not_know_is_let_pass(document):
    assert not document.problems("/unknown", [{}])


@pytest.mark.parametrize("content", ["", "[1]", "paths: {}", "a: [", "paths: {/attendances: {}}"])
def test_other_file_than_the_document_is_refused(tmp_path, content):
    (tmp_path / "other.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match="no OpenAPI document"):
        Document.read(tmp_path / "other.yaml")


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(SettingsError, match=r"missing\.yaml"):
        Document.read(tmp_path / "missing.yaml")
