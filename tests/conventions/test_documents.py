"""What the documents promise is there: links, commands, decisions, names."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from project_tree import ROOT, files_under, lines, project_files, text_of

DOCUMENTS = [path for path in project_files() if path.suffix == ".md"]
ADRS = [path for path in DOCUMENTS if path.parent == Path("docs/adr") and path.name != "README.md"]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|<(?:img|source)[^>]*\bsrc(?:set)?=\"([^\"]+)\"")
# In code only: prose may say "make sure".
CODE = re.compile(r"```[a-z]*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
COMMAND = re.compile(
    r"^(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\.venv/bin/|docker compose (?:run|exec) \S+ )?(make|narvaro) ([^|#&;>\n]*)",
    re.MULTILINE,
)
ENVIRONMENT = re.compile(r"\bNARVARO_[A-Z][A-Z0-9_]*[A-Z0-9]\b")


def anchors(path: Path) -> set[str]:
    """Give the names that a document's headings can be linked by."""
    headings = re.findall(r"^#+ (.*)$", text_of(path) or "", re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_relative_links_resolve(document: Path):
    broken = []
    for where, line in lines(document):
        for target in ("".join(groups) for groups in LINK.findall(line)):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            path = (ROOT / document.parent / name).resolve() if name else ROOT / document
            if not path.exists() or (anchor and path.suffix == ".md" and anchor not in anchors(path.relative_to(ROOT))):
                broken.append(f"{where}: {target}")
    assert not broken, "\n".join(broken)


def commands(program: str) -> Iterator[tuple[Path, list[str]]]:
    """Give every call of a program that a document shows as code."""
    for document in DOCUMENTS:
        for block, inline in CODE.findall(text_of(document) or ""):
            for name, arguments in COMMAND.findall(block or inline):
                if name == program:
                    yield document, arguments.split()


def test_documents_name_only_targets_of_the_makefile():
    targets = set(re.findall(r"^([a-z][a-z-]*):", text_of(Path("Makefile")) or "", re.MULTILINE))
    unknown = [
        f"{document}: make {word}"
        for document, words in commands("make")
        for word in words
        if "=" not in word and not word.startswith("-") and word not in targets
    ]
    assert not unknown, "\n".join(unknown)


def test_every_target_of_the_makefile_explains_itself():
    mute = re.findall(r"^([a-z][a-z-]*):(?!.*## )", text_of(Path("Makefile")) or "", re.MULTILINE)
    assert not mute, f"`make help` cannot show {mute}"


def test_documents_name_only_commands_and_options_of_narvaro():
    cli = pytest.importorskip("narvaro.cli", reason="the command line is not written yet")
    root = typer.main.get_command(cli.app)
    wrong = [f"{document}: {problem}" for document, words in commands("narvaro") if (problem := mismatch(root, words))]
    assert not wrong, "\n".join(wrong)


def mismatch(command: Any, words: list[str]) -> str | None:
    """Say what in a shown call the command line does not know."""
    trail = ["narvaro"]
    known = options(command)
    for word in words:
        if word.startswith("-"):
            if word.split("=")[0] not in known | {"--help"}:
                return f"{' '.join(trail)} has no option {word}"
        elif inner_commands := getattr(command, "commands", None):
            if word not in inner_commands:
                return f"{' '.join(trail)} has no command {word}"
            command = inner_commands[word]
            known |= options(command)
            trail.append(word)
    return None


def options(command: Any) -> set[str]:
    return {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}


def test_command_checker_sees_what_is_wrong():
    """The rule above must be able to fail."""
    cli = pytest.importorskip("narvaro.cli", reason="the command line is not written yet")
    root = typer.main.get_command(cli.app)
    assert mismatch(root, ["land", "0180-stockholm", "--date", "2026-09-19"]) is None
    assert mismatch(root, ["landing"]) == "narvaro has no command landing"
    assert mismatch(root, ["simulator", "fly"]) == "narvaro simulator has no command fly"
    assert mismatch(root, ["status", "--colour"]) == "narvaro status has no option --colour"


def test_documents_write_dag_ids_as_airflow_does():
    wrong = [
        where for document in DOCUMENTS for where, line in lines(document) if re.search(r"\bland_[a-z0-9_]+-", line)
    ]
    assert not wrong, "the id of a landing DAG has _ for every - of the source's name: " + ", ".join(wrong)


def test_readme_shows_the_two_commands_and_the_picture():
    readme = text_of(Path("README.md")) or ""
    assert "make demo" in readme
    assert "make test" in readme
    assert "](docs/images/report.png)" in readme


def test_every_document_can_be_reached_from_the_index():
    index = text_of(Path("docs/README.md")) or ""
    lost = [
        str(path)
        for path in DOCUMENTS
        if path.is_relative_to("docs") and path != Path("docs/README.md")
        if f"({path.relative_to('docs')})" not in index and f"({path.relative_to('docs').parent}/" not in index
    ]
    assert not lost, "docs/README.md does not lead to " + ", ".join(lost)


def test_decisions_have_numbers_of_their_own_and_are_listed():
    listed = text_of(Path("docs/adr/README.md")) or ""
    assert len({path.name[:4] for path in ADRS}) == len(ADRS), "two decisions have one number"
    assert not [path.name for path in ADRS if f"({path.name})" not in listed]


@pytest.mark.parametrize("decision", ADRS, ids=lambda path: path.stem)
def test_decision_says_why_and_how_one_would_break_it(decision: Path):
    text = text_of(decision) or ""
    assert re.fullmatch(r"\d{4}-[a-z0-9]+(-[a-z0-9]+)+", decision.stem)
    assert re.search(r"^Status: (proposed|accepted|superseded by \S+) · \d{4}-\d\d-\d\d$", text, re.MULTILINE)
    for part in ("Context", "Decision", "A change violates this when"):
        assert re.search(rf"^(## |\*\*){part}", text, re.MULTILINE), f"{decision} lacks {part}"


def test_documents_that_code_sends_people_to_are_there():
    lost = [
        f"{where}: {name}"
        for path in project_files()
        if path.suffix != ".md" and not path.is_relative_to("tests/conventions")
        for where, line in lines(path)
        for name in re.findall(r"\bdocs/[\w./*-]*\w\.(?:md|svg|png)\b", line)
        if not list(ROOT.glob(name))
    ]
    assert not lost, "\n".join(lost)


def variables_in(paths: Iterable[Path]) -> set[str]:
    return {name for path in paths if (ROOT / path).is_file() for name in ENVIRONMENT.findall(text_of(path) or "")}


def test_every_variable_that_is_read_is_documented():
    """Settings may name a family by its beginning: NARVARO_LEDGER for NARVARO_LEDGER_URL."""
    read = variables_in(
        map(Path, ("plugins/narvaro/settings.py", "dbt/profiles.yml", "docker-compose.yml", "Dockerfile"))
    )
    # dbt's profile is told its paths by the warehouse for one run; nobody outside sets those.
    told_by_us = variables_in(files_under("plugins/narvaro/warehouse", ".py"))
    known = variables_in([Path("docs/configuration.md"), Path(".env.example")])
    missing = sorted(
        name for name in read - told_by_us if not any(k == name or k.startswith(f"{name}_") for k in known)
    )
    assert not missing, f"say what these do in docs/configuration.md or .env.example: {missing}"


def test_every_variable_that_is_documented_is_read():
    code = [path for path in project_files() if path.suffix in {".py", ".yml"} or path.parent == Path("scripts")]
    used = variables_in(code)
    invented = sorted(
        f"{where}: {name}"
        for path in [*DOCUMENTS, Path(".env.example")]
        if (ROOT / path).is_file()
        for where, line in lines(path)
        for name in ENVIRONMENT.findall(line)
        if not any(name == known or name.startswith(f"{known}_") for known in used)
    )
    assert not invented, "nothing reads them: " + ", ".join(invented)


def test_version_and_licence_are_the_same_everywhere():
    project = tomllib.loads(text_of(Path("pyproject.toml")) or "")["project"]
    public = yaml.safe_load(text_of(Path("publiccode.yml")) or "")
    assert public["softwareVersion"] == project["version"]
    assert public["legal"]["license"] == project["license"] == "EUPL-1.2"
    assert (text_of(Path("LICENSE")) or "").startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2")
    assert f"## [{project['version']}]" in (text_of(Path("CHANGELOG.md")) or "")


def test_publiccode_has_what_its_standard_demands():
    """publiccode.yml 0.4: the mandatory keys and the lengths of its texts."""
    public = yaml.safe_load(text_of(Path("publiccode.yml")) or "")
    mandatory = {"publiccodeYmlVersion", "name", "url", "platforms", "categories", "developmentStatus", "softwareType"}
    assert mandatory | {"description", "legal", "maintenance", "localisation"} <= set(public)
    for description in public["description"].values():
        assert len(description["shortDescription"]) <= 150
        assert 150 <= len(description["longDescription"]) <= 10_000
        assert description["features"]
        assert all((ROOT / picture).is_file() for picture in description.get("screenshots", []))
    assert public["maintenance"]["contacts"]
    assert set(public["localisation"]["availableLanguages"]) == {"sv", "en"}
