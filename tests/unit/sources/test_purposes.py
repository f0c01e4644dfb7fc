from __future__ import annotations

import pytest

from narvaro.errors import PrivacyError
from narvaro.sources import refuse_unstated
from narvaro.sources.contract import ENTITIES
from narvaro.sources.purposes import (
    CATEGORY_MEANINGS,
    PURPOSE_MEANINGS,
    RETENTION_MEANINGS,
    USES,
    Category,
    Purpose,
    Retention,
)

# How SS 12000 names what must never become a column: names, contacts, births, homes, free texts.
UNWANTED = (
    "name",
    "birth",
    "mail",
    "phone",
    "address",
    "photo",
    "comment",
    "reason",
    "civic",
    "guardian",
    "responsible",
    "external",
)
# Of a school and of a subject.
# And a code in place of a reason, which lands where the county chose so (docs/adr/0074).
NAMES_OF_THINGS = {"school_unit_name", "subject_name", "reason_code"}


def test_every_field_of_the_contract_has_a_purpose_and_a_category():
    """Who adds a field says here why it is kept: sources/purposes.py."""
    stated = {entity: set(use.fields) for entity, use in USES.items()}
    assert stated == {entity: set(schema.names) for entity, schema in ENTITIES.items()}


def test_every_word_is_explained_and_used():
    uses = [use for entity in USES.values() for use in entity.fields.values()]
    assert {use.purpose for use in uses} == set(Purpose) == set(PURPOSE_MEANINGS)
    assert {use.category for use in uses} == set(Category) == set(CATEGORY_MEANINGS)
    assert {entity.retention for entity in USES.values()} == set(Retention) == set(RETENTION_MEANINGS)


@pytest.mark.parametrize("entity", ENTITIES)
def test_rows_of_the_contract_may_land(entity):
    refuse_unstated(entity, ENTITIES[entity].names)


def test_a_field_without_a_purpose_does_not_land():
    with pytest.raises(
        PrivacyError, match=r"attendances: no purpose is stated for absence_reason\. Nothing was landed"
    ):
        refuse_unstated("attendances", [*ENTITIES["attendances"].names, "absence_reason"])


def test_an_entity_without_purposes_does_not_land():
    with pytest.raises(PrivacyError, match="guardians: no purpose is stated for email, person_id"):
        refuse_unstated("guardians", ["person_id", "email"])


@pytest.mark.parametrize("word", UNWANTED)
def test_no_field_is_named_like_what_is_never_kept(word):
    names = {name for schema in ENTITIES.values() for name in schema.names} - NAMES_OF_THINGS
    assert [name for name in names if word in name] == []


def test_whatever_points_at_a_pupil_is_called_a_pseudonym():
    pointing = {
        f"{entity}.{name}": use.fields[name].category
        for entity, use in USES.items()
        for name in use.fields
        if name in {"person_id", "pupil_id"}
    }
    assert set(pointing.values()) == {Category.PSEUDONYM}
    assert len(pointing) > 5
