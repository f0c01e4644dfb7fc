"""Two catalogues of the same things may not drift apart."""

from __future__ import annotations

import functools
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from project_tree import ROOT, files_under, text_of

from narvaro.county import load_county
from narvaro.county.retention import Retention as Periods
from narvaro.disclosure import columns as published_columns
from narvaro.landing import STEPS
from narvaro.sources.contract import ENTITIES, RECORD_ID
from narvaro.sources.purposes import USES, Retention

SUITES = sorted(path for path in files_under("expectations", ".yml"))
NAMES_BY_TYPE = {
    "varchar": r"\w+(?<!_count)(?<!_pct)(?<!_minutes)(?<!_days)(?<!_date)",
    "boolean": r"(is|has|can)_\w+",
    "integer": r"\w+_(count|minutes|days|hours|points)",
    "bigint": r"\w+_(count|minutes|days|hours|points)",
    "double": r"\w+_(pct|avg|points)",
    "date": r"\w+_date",
    "timestamp": r"\w+_at",
    "timestamp with time zone": r"\w+_at",
}
ENFORCED = {"enforced": True}
MODEL_FILES = [path for path in files_under("dbt/models", ".yml") if not path.name.startswith("_sources")]


def read_yaml(path: Path) -> dict[str, Any]:
    return yaml.safe_load(text_of(path) or "") or {}


@functools.cache
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


def test_every_entity_is_removed_with_the_class_that_its_purposes_name():
    """What the record of processing promises, retention does."""
    removed = {entity: class_name for class_name, entity, _ in STEPS}
    promised = {entity: str(use.retention) for entity, use in USES.items() if use.retention != Retention.KEPT}
    assert removed == promised


def test_every_class_of_retention_has_a_period():
    classes = {str(use.retention) for use in USES.values()} - {str(Retention.KEPT)}
    assert classes <= set(Periods().first_days(date(2026, 9, 19)))


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
    mute = [column["name"] for column in columns if not str(column.get("description", "")).strip()]
    assert not mute, f"{model}: describe every column"
    assert not [c["name"] for c in columns if not c.get("data_type")], f"{model}: a contract needs every data_type"


def test_every_mart_has_its_contract_enforced():
    project = read_yaml(Path("dbt/dbt_project.yml"))
    assert project["models"]["narvaro"]["marts"]["+contract"] == ENFORCED
    marts = {name: model for name, model in described_models().items() if name in models_in("marts")}
    loosened = [name for name, model in marts.items() if model.get("config", {}).get("contract", ENFORCED) != ENFORCED]
    assert not loosened


def test_name_of_every_mart_column_says_what_it_holds():
    """The unit of an amount is its suffix; a reader of the published file sees nothing but names."""
    misnamed = [
        f"{model}.{column['name']} is {column['data_type']}"
        for model, described in described_models().items()
        if model in models_in("marts")
        for column in described["columns"]
        if not re.fullmatch(NAMES_BY_TYPE[column["data_type"]], column["name"])
    ]
    assert not misnamed, "\n".join(misnamed)


def test_models_use_no_constraint_that_a_lake_does_not_have():
    """ADR 1: the same project must run on a lake, which knows not_null and nothing else."""
    described = [entry for model in described_models().values() for entry in (model, *model.get("columns", []))]
    kinds = {constraint["type"] for entry in described for constraint in entry.get("constraints", [])}
    assert kinds <= {"not_null"}


def test_every_description_that_is_shared_is_there():
    blocks = "".join(text_of(path) or "" for path in files_under("dbt/models", ".md"))
    known = {
        name for name, text in re.findall(r"{% docs (\w+) %}(.*?){% enddocs %}", blocks, re.DOTALL) if text.strip()
    }
    used = {name for path in MODEL_FILES for name in re.findall(r"doc\(['\"](\w+)['\"]\)", text_of(path) or "")}
    assert used == known, f"missing: {sorted(used - known)}, unused: {sorted(known - used)}"


def test_every_model_says_what_a_row_is_and_every_description_has_its_model():
    described = described_models()
    models = models_in(".")
    assert set(described) <= models, "described, but not there"
    texts = {name: str(described.get(name, {}).get("description", "")) for name in models}
    mute = sorted(name for name, text in texts.items() if not text.startswith("One row per "))
    assert not mute, "begin the description with the grain: " + ", ".join(mute)


def test_every_published_table_is_made_of_a_mart_that_has_its_columns():
    """The publication list, the list of publishable columns and the contracts say the same."""
    described = described_models()
    for config in ("config", "config/blekinge"):
        for table in (each for each in load_county(ROOT / config).publication.tables if not each.is_of_ledger):
            columns = {column["name"] for column in described[table.mart]["columns"]}
            wanted = set(table.key) | set(table.attributes) | set(table.measures)
            assert wanted <= columns, f"{config}: {table.name} wants {sorted(wanted - columns)} of {table.mart}"


def test_every_published_table_is_described_for_its_readers():
    page = text_of(Path("docs/publication.md")) or ""
    tables = {table.name for table in load_county(ROOT / "config").publication.tables}
    missing = sorted(name for name in tables if f"`{name}`" not in page)
    assert not missing, "docs/publication.md does not know " + ", ".join(missing)


def test_glossary_holds_the_name_of_every_column_that_may_be_published():
    glossary = text_of(Path("docs/glossary.md")) or ""
    missing = sorted(name for name in published_columns.publishable_columns() if f"`{name}`" not in glossary)
    assert not missing, "docs/glossary.md has no paragraph for " + ", ".join(missing)
