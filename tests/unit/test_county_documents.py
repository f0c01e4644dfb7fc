"""The documents about the configuration say what the code says."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from narvaro.connections import connection_from_text
from narvaro.county import load_county
from narvaro.county.loading import FILES
from narvaro.county.reference import configuration_reference
from narvaro.simulator.config import SimulatorConfig
from narvaro.sources.contract import ENTITIES, PROVENANCE

PROJECT_DIR = Path(__file__).resolve().parents[2]
DOCS_DIR = PROJECT_DIR / "docs"
CONFIGURATION = DOCS_DIR / "configuration.md"


def simulator_reference() -> str:
    """The simulator's own heading stands in the document."""
    return configuration_reference({"simulator.yml": SimulatorConfig}).partition("\n")[2].lstrip()


REFERENCES = {"county": configuration_reference, "simulator": simulator_reference}


@pytest.mark.parametrize("name", REFERENCES)
def test_the_reference_is_that_of_the_models(name):
    pattern = re.compile(rf"(<!-- reference: {name} -->\n).*?(\n?<!-- end of reference -->)", re.DOTALL)
    text = CONFIGURATION.read_text(encoding="utf-8")
    wanted = pattern.sub(lambda match: match[1] + REFERENCES[name]() + "<!-- end of reference -->", text)
    assert f"reference: {name}" in text
    if os.environ.get("NARVARO_WRITE_DOCS"):
        CONFIGURATION.write_text(wanted, encoding="utf-8")
    assert CONFIGURATION.read_text(encoding="utf-8") == wanted


@pytest.mark.parametrize("model", [*FILES.values(), SimulatorConfig], ids=lambda model: model.__name__)
def test_every_key_has_a_meaning(model):
    rows = re.findall(r"^\| `.*$", configuration_reference({"file": model}), re.MULTILINE)
    assert rows
    assert [row for row in rows if row.endswith("|  |") or "None" in row] == []


def test_the_document_names_every_file():
    text = CONFIGURATION.read_text(encoding="utf-8")
    assert [name for name in FILES if f"| `{name}` |" not in text] == []


def glossary_words() -> set[str]:
    text = (DOCS_DIR / "glossary.md").read_text(encoding="utf-8")
    return set(re.findall(r"`([a-z_0-9]+)`", text))


def test_the_glossary_knows_every_canonical_entity_and_column():
    columns = {column for schema in ENTITIES.values() for column in schema.names}
    provenance = {field.name for field in PROVENANCE}
    assert sorted((columns | provenance | set(ENTITIES)) - glossary_words()) == []


def test_the_glossary_knows_every_published_column():
    publication = load_county(PROJECT_DIR / "config").publication
    published = {column for table in publication.tables for column in table.columns}
    assert sorted(published - glossary_words()) == []


def code_blocks(document: str, language: str) -> list[str]:
    text = (DOCS_DIR / document).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def test_the_onboarding_entry_loads(tmp_path):
    for name in FILES:
        (tmp_path / name).write_text((PROJECT_DIR / "config" / name).read_text("utf-8"), "utf-8")
    owner, source = code_blocks("onboarding.md", "yaml")[:2]
    for name, entry in (("owners.yml", owner), ("sources.yml", source)):
        with (tmp_path / name).open("a", encoding="utf-8") as file:
            file.write("\n" + entry)
    county = load_county(tmp_path)
    source = county.sources["fri-exempelskolan"]
    assert source.conn_id == "narvaro_fri_exempelskolan"
    assert county.source_contact(source.name).email == "franvaro@exempelskolan.example"


def test_the_onboarding_connection_is_read():
    text = next(block for block in code_blocks("onboarding.md", "sh") if "AIRFLOW_CONN_" in block)
    variable, value = re.search(r"export (AIRFLOW_CONN_\w+)='([^']*)'", text).groups()
    assert variable == "AIRFLOW_CONN_NARVARO_FRI_EXEMPELSKOLAN"
    connection = connection_from_text("narvaro_fri_exempelskolan", value, origin=variable)
    assert connection.host == "https://skoldata.exempelskolan.example/ss12000/v2.0"
    assert connection.extra["token_url"] == "https://skoldata.exempelskolan.example/token"
    assert connection.login
    assert connection.password


@pytest.mark.parametrize("document", ["glossary.md", "onboarding.md", "configuration.md"])
def test_links_resolve(document):
    text = (DOCS_DIR / document).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
    assert [link for link in links if "://" not in link and not (DOCS_DIR / link).exists()] == []
