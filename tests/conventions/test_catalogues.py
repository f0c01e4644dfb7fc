"""Two catalogues of the same things may not drift apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from narvaro.county import load_county
from narvaro.disclosure import columns as published_columns
from narvaro.sources.contract import ENTITIES, RECORD_ID
from project_tree import ROOT, files_under, text_of

SUITES = sorted(path for path in files_under("expectations", ".yml"))
MODEL_FILES = [path for path in files_under("dbt/models", ".yml") if not path.name.startswith("_sources")]


def read_yaml(path: Path) -> dict[str, Any]:
    return yaml.safe_load(text_of(path) or "") or {}


def described_models() -> dict[str, dict[str, Any]]:
    """Give every model that a YAML file of the dbt project describes, by name."""
    return {model["name"]: model for path in MODEL_FILES for model in read_yaml(path).get("models", [])}


def models_in(folder: str) -> set[str]:
    return {path.stem for path in files_under(f"dbt/models/{folder}", ".sql")}


def test_every_canonical_entity_has_a_suite_and_every_suite_an_entity():
    """An entity without a suite would walk in unchecked."""
    suites = {path.stem for path in SUITES if path.parent == Path("expectations/raw")}
    assert suites == {f"raw__{entity}" for entity in ENTITIES}


def test_every_canonical_entity_names_its_record_id():
    assert {entity for entity, column in RECORD_ID.items() if column in ENTITIES[entity].names} == set(ENTITIES)


def test_every_suite_of_a_mart_belongs_to_a_mart():
    suites = {path.stem for path in SUITES if path.parent == Path("expectations/marts")}
    assert suites, "no mart is held against a suite before it is published"
    assert suites <= models_in("marts")


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_suite_is_named_after_its_table_and_says_how_grave_each_demand_is(path: Path):
    suite = read_yaml(path)
    assert suite["suite"] == path.stem
    assert suite["expectations"], f"{path} demands nothing"
    assert all(demand.get("severity") in {"critical", "warning"} for demand in suite["expectations"])


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_critical_demand_explains_itself_in_both_languages(path: Path):
    """The note is what the municipality reads in its letter."""
    mute = [
        demand["type"]
        for demand in read_yaml(path)["expectations"]
        if demand["severity"] == "critical"
        if not all(str((demand.get("note") or {}).get(language, "")).strip() for language in ("sv", "en"))
    ]
    assert not mute, f"{path}: write note.sv and note.en for {', '.join(mute)}"


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_critical_demand_says_to_us_why_it_is_critical(path: Path):
    mute = [d["type"] for d in read_yaml(path)["expectations"] if d["severity"] == "critical" and not d.get("notes")]
    assert not mute, f"{path}: write notes for {', '.join(mute)}"


@pytest.mark.parametrize("model", sorted(models_in("marts")))
def test_mart_has_a_contract_and_says_what_a_row_and_every_column_is(model: str):
    described = described_models().get(model)
    assert described, f"{model} stands in no YAML file"
    assert described["description"].startswith("One row per "), f"{model}: begin with the grain"
    columns = described["columns"]
    assert not [c["name"] for c in columns if not str(c.get("description", "")).strip()], f"{model}: describe every column"
    assert not [c["name"] for c in columns if not c.get("data_type")], f"{model}: a contract needs every data_type"


def test_every_mart_has_its_contract_enforced():
    project = read_yaml(Path("dbt/dbt_project.yml"))
    assert project["models"]["narvaro"]["marts"]["+contract"] == {"enforced": True}
    own = {name: model.get("config", {}) for name, model in described_models().items() if name in models_in("marts")}
    assert not [name for name, config in own.items() if config.get("contract", {"enforced": True}) != {"enforced": True}]


def test_every_model_says_what_a_row_is_and_every_description_has_its_model():
    described = described_models()
    models = models_in(".") | set()
    assert set(described) <= models, "described, but not there"
    mute = sorted(name for name in models if not str(described.get(name, {}).get("description", "")).startswith("One row per "))
    assert not mute, "begin the description with the grain: " + ", ".join(mute)


def test_every_published_table_is_made_of_a_mart_that_has_its_columns():
    """The publication list, the list of publishable columns and the contracts say the same."""
    described = described_models()
    for config in ("config", "config/blekinge"):
        for table in load_county(ROOT / config).publication.tables:
            columns = {column["name"] for column in described[table.mart]["columns"]}
            wanted = set(table.key) | set(table.attributes) | set(table.measures)
            assert wanted <= columns, f"{config}: {table.name} wants {sorted(wanted - columns)} of {table.mart}"


def test_glossary_holds_the_name_of_every_column_that_may_be_published():
    glossary = text_of(Path("docs/glossary.md")) or ""
    missing = sorted(name for name in published_columns.publishable_columns() if f"`{name}`" not in glossary)
    assert not missing, "docs/glossary.md has no paragraph for " + ", ".join(missing)
