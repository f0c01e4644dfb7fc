"""docs/privacy.md says what the contract says."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from narvaro.sources.contract import ENTITIES
from narvaro.sources.processing import decoded_fields, record_of_processing

PRIVACY = Path(__file__).resolve().parents[3] / "docs" / "privacy.md"
GENERATED = {"record of processing": record_of_processing, "fields read": decoded_fields}


@pytest.mark.parametrize("name", GENERATED)
def test_the_document_holds_what_the_contract_gives(name):
    """`NARVARO_WRITE_DOCS=1` before the test writes it."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(\n?<!-- end of {name} -->)", re.DOTALL)
    text = PRIVACY.read_text(encoding="utf-8")
    wanted = pattern.sub(lambda match: f"{match[1]}\n{GENERATED[name]()}\n<!-- end of {name} -->", text)
    assert pattern.search(text)
    if os.environ.get("NARVARO_WRITE_DOCS"):
        PRIVACY.write_text(wanted, encoding="utf-8")
    assert PRIVACY.read_text(encoding="utf-8") == wanted


def test_the_record_names_every_field_once_per_entity():
    record = record_of_processing()
    for entity, schema in ENTITIES.items():
        named = re.findall(r"`(\w+)`", "\n".join(re.findall(rf"^\| `{entity}` \|.*$", record, re.MULTILINE)))
        assert sorted(name for name in named if name != entity or entity in schema.names) == sorted(schema.names)


def test_nothing_is_read_that_no_statistic_needs():
    """A field decoded from an answer is a value in memory: these must not become one."""
    unwanted = r"`\w*([nN]ames?|[bB]irth\w*|[eE]mails?|[pP]hone\w*|[aA]ddress\w*|[pP]hoto\w*|[cC]omment|[rR]eason\w*)`"
    read = {match[0] for match in re.finditer(unwanted, decoded_fields())}
    # Of a school unit, and of a subject; a reason is left as bytes unless the county keeps coarse ones.
    assert read == {"`displayName`", "`subjectName`", "`absenceReason`"}
    assert "`guardian" not in decoded_fields()
