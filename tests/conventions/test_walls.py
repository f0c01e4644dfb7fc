"""The walls between the rooms: who may import whom."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from project_tree import PACKAGE, files_under, imported_names, project_files

FOUNDATION = {"errors", "settings", "connections", "county", "domain", "at_rest"}
ROOMS = {
    "sources",
    "privacy",
    "landing",
    "quality",
    "ledger",
    "alerts",
    "warehouse",
    "disclosure",
    "publish",
    "followup",
}

# room: the rooms that it may import, besides itself. What is not written here is not allowed.
ARROWS: dict[str, set[str]] = {
    "errors": set(),
    "settings": {"errors"},
    "at_rest": {"errors"},
    "connections": {"errors"},
    "domain": {"errors"},
    "county": {"connections", "domain", "errors"},
    **dict.fromkeys(ROOMS, FOUNDATION),
    # A connector drops and pseudonymises at the door.
    "sources": FOUNDATION | {"privacy"},
    # The simulator is the world outside: it knows a county, and nothing of how we read it.
    "simulator": {"county", "domain", "errors"},
    # Who composes: they pass values between rooms that do not know each other.
    "orchestration": FOUNDATION | ROOMS | {"simulator", "web"},  # web: mounted in Airflow, where one wants it so
    "cli": FOUNDATION | ROOMS | {"simulator", "orchestration", "web"},
    # The pages show an owner what several rooms know of its sources, and take its answers.
    "web": FOUNDATION | ROOMS | {"orchestration"},
    "__main__": {"cli"},
}
# What a room's unit tests may import besides, with the reason.
TEST_ARROWS = {"publish": {"disclosure"}}  # what it publishes comes protected
# The shape of what passes between rooms: tests make their rows in it.
CONTRACT = "narvaro.sources.contract"
# Seconds each; imported where they are used.
SLOW_LIBRARIES = {"airflow", "dbt", "great_expectations", "altair"}
DAG_FILES_MAY_IMPORT = {"narvaro.orchestration", "narvaro.county", "narvaro.settings"}
AIRFLOW_DOORS = ("airflow.sdk", "airflow.listeners", "airflow.plugins_manager", "airflow.providers.standard.operators")
# The tests that are about Airflow itself.
AIRFLOW_TESTS = {Path("tests/dags"), Path("tests/unit/orchestration"), Path("tests/integration")}
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "misc", "manager", "managers", "tools", "stuff"}


def room_of(path: Path) -> str:
    """Give the room that a module of the package lies in."""
    return path.parts[2].removesuffix(".py")


def rooms_imported(path: Path) -> set[tuple[int, str]]:
    """Give the line and the room of every import from our own package."""
    names = ((line, name.split(".")) for line, name in imported_names(path))
    return {(line, parts[1]) for line, parts in names if parts[0] == "narvaro" and len(parts) > 1}


def is_contract(path: Path, line: int) -> bool:
    return any(number == line and name.startswith(CONTRACT) for number, name in imported_names(path))


def test_every_room_is_in_the_table():
    names = {path.name.removesuffix(".py") for path in PACKAGE.iterdir()}
    rooms = {name for name in names if name not in {"__init__", "__pycache__"}}
    assert rooms == set(ARROWS), "a new room needs its arrows here and its line in docs/architecture.md"


@pytest.mark.parametrize("room", sorted(ARROWS))
def test_room_imports_only_along_its_arrows(room: str):
    crossings = [
        f"{path}:{line}: {room} → {other}"
        for path in files_under("plugins/narvaro", ".py")
        if room_of(path) == room
        for line, other in sorted(rooms_imported(path))
        if other != room and other not in ARROWS[room] and other in ARROWS
    ]
    advice = "not an arrow of docs/architecture.md; let orchestration pass the value:\n"
    assert not crossings, advice + "\n".join(crossings)


def test_only_orchestration_knows_airflow():
    strangers = [
        f"{path}:{line}"
        for path in project_files()
        if path.suffix == ".py" and not path.is_relative_to("plugins/narvaro/orchestration")
        if not any(path.is_relative_to(folder) for folder in AIRFLOW_TESTS)
        for line, name in imported_names(path)
        if name.split(".")[0] == "airflow"
    ]
    assert not strangers, "must stay plain Python: " + ", ".join(strangers)


def test_orchestration_imports_airflow_from_its_public_door():
    """`airflow.models` and friends are the server's own; a task must not reach them."""
    private = [
        f"{path}:{line}: {name}"
        for path in files_under("plugins/narvaro/orchestration", ".py")
        for line, name in imported_names(path)
        if name.startswith("airflow.") and not name.startswith(AIRFLOW_DOORS)
    ]
    assert not private, "import from airflow.sdk: " + ", ".join(private)


def test_command_line_starts_without_the_slow_libraries():
    """`narvaro --help` is typed by people."""
    program = "import sys, narvaro.cli; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not SLOW_LIBRARIES & set(loaded.stdout.split())


def test_dag_files_say_only_when():
    strangers = [
        f"{path}:{line}: {name}"
        for path in files_under("dags", ".py")
        for line, name in imported_names(path)
        if ".".join(name.split(".")[:2]) not in DAG_FILES_MAY_IMPORT and name.split(".")[0] != "__future__"
    ]
    assert not strangers, "logic belongs in plugins/narvaro: " + ", ".join(strangers)


def test_nobody_imports_from_dags():
    own_names = {path.stem for path in files_under("dags", ".py")} | {"dags"}
    importers = [
        f"{path}:{line}: {name}"
        for path in project_files()
        if path.suffix == ".py"
        for line, name in imported_names(path)
        if name.split(".")[0] in own_names
    ]
    assert not importers, ", ".join(importers)


def test_package_does_not_import_its_tests():
    roots = {path.stem for path in files_under("tests", ".py")} | {"tests", "conftest", "pytest"}
    importers = [
        f"{path}:{line}: {name}"
        for path in files_under("plugins", ".py")
        for line, name in imported_names(path)
        if name.split(".")[0] in roots
    ]
    assert not importers, ", ".join(importers)


def test_unit_tests_stay_in_their_room():
    """A room that can only be tested with another has a hidden arrow to it."""
    crossings = [
        f"{path}:{line}: {room} → {other}"
        for path in files_under("tests/unit", ".py")
        if (room := path.parts[2].removesuffix(".py").removeprefix("test_")) in ARROWS
        for line, other in sorted(rooms_imported(path))
        if other in ARROWS and other not in ARROWS[room] | {room} | TEST_ARROWS.get(room, set())
        if not is_contract(path, line)
    ]
    assert not crossings, "move it to tests/integration:\n" + "\n".join(crossings)


def test_no_name_is_vague():
    vague = [
        str(path)
        for path in project_files()
        if path.suffix in {".py", ".sql", ".sh"} and VAGUE_NAMES & {part.split(".")[0] for part in path.parts}
    ]
    assert not vague, "name the one idea that it holds: " + ", ".join(vague)
