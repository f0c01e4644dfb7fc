from __future__ import annotations

import re
from collections import defaultdict

import pytest
import yaml
from batches import MARTS_DIR, PROJECT_DIR, RAW_DIR, landed_name

from narvaro.errors import ConfigError
from narvaro.quality import load_suite
from narvaro.quality.engine import check_suite
from narvaro.sources.contract import ENTITIES, RECORD_ID

SUITES = sorted((*RAW_DIR.glob("*.yml"), *MARTS_DIR.glob("*.yml")))
PUPIL_ENTITIES = {"pupils", "enrolments", "deletions"}


def a_suite(tmp_path, **changes):
    expectation = {
        "id": "missing_id",
        "type": "expect_column_values_to_not_be_null",
        "kwargs": {"column": "grade_id"},
        "severity": "critical",
        "level": "row",
        "owner": "vendor",
        "note": {"sv": "Rätta.", "en": "Mend."},
        "notes": "It joins.",
    }
    suite = {"suite": "raw__grades", "record_id": "grade_id", "expectations": [expectation | changes]}
    path = tmp_path / "raw__grades.yml"
    path.write_text(yaml.safe_dump(suite))
    return path


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_every_suite_is_written_rightly(path):
    check_suite(load_suite(path))


def test_every_entity_has_a_suite():
    assert {path.stem for path in RAW_DIR.glob("*.yml")} == {f"raw__{entity}" for entity in ENTITIES}


def test_every_published_mart_has_a_suite():
    tables = yaml.safe_load((PROJECT_DIR / "config" / "publication.yml").read_text(encoding="utf-8"))["tables"]
    marts = {table["mart"] for table in tables if not table["mart"].startswith("ledger_")}
    assert marts <= {path.stem for path in MARTS_DIR.glob("*.yml")}


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_every_rule_has_an_owner_both_notes_and_a_reason(path):
    for expectation in load_suite(path).suite.expectations:
        said = (expectation.owner, expectation.severity, expectation.note.sv, expectation.note.en, expectation.notes)
        assert all(text.strip() for text in said), expectation.id
        assert expectation.note.sv != expectation.note.en, f"{expectation.id}: one of the notes is not translated"


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_suite_demands_the_columns_and_names_the_record_of_the_contract(entity):
    loaded = load_suite(RAW_DIR / f"raw__{entity}.yml")
    assert loaded.demanded_columns == {landed_name(column) for column in ENTITIES[entity].names}
    assert loaded.suite.record_id == RECORD_ID[entity]
    assert loaded.suite.show_record_ids is (entity not in PUPIL_ENTITIES)


def test_a_rule_means_one_thing_in_every_suite_of_a_layer():
    for folder in (RAW_DIR, MARTS_DIR):
        meanings = defaultdict(set)
        for path in folder.glob("*.yml"):
            for expectation in load_suite(path).suite.expectations:
                meanings[expectation.id].add((expectation.note.sv, expectation.severity, expectation.level))
        assert {rule for rule, said in meanings.items() if len(said) > 1} == set()


def test_every_rule_is_explained_in_the_docs():
    page = (PROJECT_DIR / "docs" / "rules" / "quality.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE))
    demanded = {expectation.id for path in SUITES for expectation in load_suite(path).suite.expectations}
    made_elsewhere = {"not_read", "silent_source", "wrong_shape", "too_many_quarantined"}
    # By what the ledger knows of the source, not by a suite.
    made_elsewhere |= {"short_pull", "surplus_minutes", "held_deletions", "capability_changed", "disputed_identity"}
    made_elsewhere |= {"records_left_out", "unknown_references"}
    assert explained == demanded | made_elsewhere


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"type": "expect_column_values_to_not_be_nul"}, "Did you mean expect_column_values_to_not_be_null"),
        ({"type": "ExpectationSuite"}, "unknown to Great Expectations"),
        ({"kwargs": {"colum": "grade_id"}}, "column: field required"),
        ({"type": "expect_column_values_to_be_between"}, "cannot both be None"),
    ],
)
def test_a_wrong_demand_names_its_file_and_place(tmp_path, changes, complaint):
    path = a_suite(tmp_path, **changes)
    with pytest.raises(ConfigError, match=re.escape(complaint)) as caught:
        check_suite(load_suite(path))
    assert f"{path}, line 2: expectation 1 (missing_id" in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"severity": "fatal"}, "expectations 1 severity"),
        ({"level": "cell"}, "expectations 1 level"),
        ({"id": "Missing id"}, "expectations 1 id"),
        ({"notes": ""}, "expectations 1 notes"),
        ({"note": {"sv": "Rätta."}}, "expectations 1 note en"),
        ({"owner": "the caretaker"}, "expectations 1 owner"),
        ({"sevrity": "critical"}, "expectations 1 sevrity"),
    ],
)
def test_a_wrong_entry_names_its_file_and_place(tmp_path, changes, complaint):
    path = a_suite(tmp_path, **changes)
    with pytest.raises(ConfigError, match=re.escape(complaint)) as caught:
        load_suite(path)
    assert f"{path}, line 2:" in str(caught.value)


def test_a_suite_has_the_name_of_its_file(tmp_path):
    path = a_suite(tmp_path).rename(tmp_path / "raw__lessons.yml")
    with pytest.raises(ConfigError, match="the suite is named raw__grades"):
        load_suite(path)


def test_a_missing_suite_and_broken_yaml_are_clear_errors(tmp_path):
    with pytest.raises(ConfigError, match="there is no such suite"):
        load_suite(tmp_path / "raw__nothing.yml")
    (tmp_path / "broken.yml").write_text("suite: a\n  b: [")
    with pytest.raises(ConfigError, match=r"broken\.yml, line 2"):
        load_suite(tmp_path / "broken.yml")


def test_a_changed_suite_is_read_anew(tmp_path):
    path = a_suite(tmp_path)
    assert load_suite(path).suite.expectations[0].severity == "critical"
    path.write_text(path.read_text().replace("critical", "warning"))
    assert load_suite(path).suite.expectations[0].severity == "warning"
