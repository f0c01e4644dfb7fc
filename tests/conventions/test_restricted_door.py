"""People read the restricted warehouse through one door, which logs; the program's own steps are named here."""

from __future__ import annotations

import re
from pathlib import Path

from project_tree import files_under, text_of

DOOR = "plugins/narvaro/orchestration/restricted.py"
ACCESS_REQUEST = "plugins/narvaro/orchestration/access_request.py"
# What opens or reads the warehouse's file, with the reason why it is not logged.
OWN_STEPS = {
    "plugins/narvaro/warehouse/archive.py": "writes sums down before their rows go",
    "plugins/narvaro/warehouse/building.py": "builds it, and counts its rows",
    "plugins/narvaro/warehouse/fingerprint.py": "writes what it was built from",
    "plugins/narvaro/warehouse/grain.py": "asks for names of columns only",
    "plugins/narvaro/warehouse/loading.py": "builds it",
    "plugins/narvaro/warehouse/locking.py": "locks it",
    "plugins/narvaro/warehouse/protection.py": "counts who is protected",
    "plugins/narvaro/warehouse/reading.py": "is the door's hinge",
    "plugins/narvaro/disclosure/protection.py": "protects what is published",
    "plugins/narvaro/orchestration/county_steps.py": "holds the marts against their suites",
    "plugins/narvaro/orchestration/key_rotation.py": "drops it",
    "plugins/narvaro/orchestration/known_units.py": "asks which school units there are",
    "plugins/narvaro/orchestration/removing.py": "drops it",
    "plugins/narvaro/orchestration/retention.py": "has its sums written down",
    "plugins/narvaro/orchestration/source_table.py": "asks which source tells of which school unit",
    "plugins/narvaro/orchestration/standstill.py": "locks it",
    "plugins/narvaro/orchestration/traces.py": "searches it for an erased pupil",
    "plugins/narvaro/web/coverage.py": "opens the published store, not this one",
    "plugins/narvaro/settings.py": "says where it is",
}
OPENED = re.compile(r"warehouse_path|warehouse\.duckdb|\bread_only\b|\bread_rows\b")


def modules() -> list[Path]:
    return files_under("plugins", ".py")


def test_only_the_door_gives_people_rows():
    readers = {str(path) for path in modules() if re.search(r"\bread_rows\b", text_of(path) or "")}
    assert readers == {DOOR, "plugins/narvaro/warehouse/reading.py", "plugins/narvaro/warehouse/__init__.py"}


def test_every_module_that_knows_the_warehouse_says_why():
    found = {str(path) for path in modules() if OPENED.search(text_of(path) or "")}
    strangers = found - set(OWN_STEPS) - {DOOR, ACCESS_REQUEST, "plugins/narvaro/warehouse/__init__.py"}
    assert not strangers, f"read through {DOOR}, or say here why it need not be logged: {sorted(strangers)}"


def test_what_is_told_of_a_pupil_is_told_by_who_logs_it():
    tellers = {str(path) for path in modules() if re.search(r"\brows_about\b", text_of(path) or "")}
    assert tellers == {
        ACCESS_REQUEST,
        "plugins/narvaro/warehouse/reading.py",
        "plugins/narvaro/warehouse/__init__.py",
    }
    assert "record_access" in (text_of(Path(ACCESS_REQUEST)) or "")


def test_no_command_opens_it_by_itself():
    commands = {str(path) for path in files_under("plugins/narvaro/cli", ".py") if OPENED.search(text_of(path) or "")}
    assert not commands
