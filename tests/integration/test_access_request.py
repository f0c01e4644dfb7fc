"""What is held about one pupil can be told, all of it, to nobody but who asked for it, and the asking is noted."""

from __future__ import annotations

import csv
import json
import os
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.parquet as pq
import pytest
from one_source import NAME, OneSource, copied, one_source
from typer.testing import CliRunner

from narvaro.cli import app
from narvaro.orchestration import county_steps
from narvaro.orchestration.erasure import pseudonyms_of
from narvaro.orchestration.findings import examine_sources

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

PURPOSE = "request 2026-17"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneSource]:
    """A night with rows that were set aside, built; never changed but for its access log."""
    fault = {"source": NAME, "kind": "impossible_minutes", "rows": 3}
    with one_source(tmp_path_factory.mktemp("access") / "home", faults=(fault,)) as installation:
        line, night = installation.line, installation.first_night
        assert installation.night(night).status == "accepted", installation.error
        examination = examine_sources(line, night)
        line.ledger.record_findings(night, examination.findings, checked=examination.checked)
        county_steps.build(line, night)
        yield installation


def ask(installation: OneSource, out: Path, *arguments: str, typed: str = "") -> Result:
    env = {
        **os.environ,
        "NARVARO_HOME": str(installation.line.settings.home),
        "NARVARO_CONFIG_DIR": str(installation.line.settings.config_dir),
    }
    command = ["privacy", "extract", "--out", str(out), "--purpose", PURPOSE, *arguments]
    return CliRunner(env=env).invoke(app, command, input=typed)


def rows_of(installation: OneSource, entity: str, column: str, value: str) -> list[dict[str, Any]]:
    """Give landed rows as another reader has them."""
    files = sorted(installation.line.settings.landing_dir.glob(f"{entity}/*/*/*.parquet"))
    return [row for path in files for row in pq.ParquetFile(path).read().to_pylist() if row[column] == value]


def record_of(installation: OneSource, pupil_id: str) -> str:
    return str(rows_of(installation, "pupils", "pupil_id", pupil_id)[0]["person_id"])


def told(out: Path) -> dict[tuple[str, str], dict[str, Any]]:
    content = json.loads(out.read_text(encoding="utf-8"))
    return {(part["store"], part["name"]): part for part in content["held"]}


def test_a_pupil_is_told_all_that_is_held(built: OneSource, tmp_path: Path):
    """Found by a number typed without echo, as erasure finds it."""
    number = built.civic_number_of_a_pupil()
    (pupil_id,) = pseudonyms_of(built.line, number)
    person_id, out = record_of(built, pupil_id), tmp_path / "answer.json"
    done = ask(built, out, typed=f"{number}\n")
    assert done.exit_code == 0, done.output
    assert out.stat().st_mode & 0o777 == 0o600
    assert number not in done.output + out.read_text(encoding="utf-8")
    found = told(out)
    for entity in ("pupils", "enrolments", "group_memberships", "attendances"):
        wanted = rows_of(built, entity, "person_id", person_id)
        part = found["landing", entity]
        assert sorted(row["_row"] for row in part["rows"]) == sorted(row["_row"] for row in wanted) != []
        assert set(part["fields"]) == set(wanted[0])
        assert all(why["purpose"] and why["category"] for why in part["fields"].values())
    assert found["landing", "attendances"]["kept"] == "lesson_facts: since 2023-07-01"
    assert found["landing", "attendances"]["fields"]["attended_minutes"] == {
        "purpose": "measure",
        "category": "presence",
    }
    with duckdb.connect(str(built.line.settings.warehouse_path), read_only=True) as warehouse:
        query = "select count(*) from marts.fct_absence_by_pupil_day where pupil_id = ?"
        ((days,),) = warehouse.execute(query, [pupil_id]).fetchall()
    assert len(found["warehouse", "fct_absence_by_pupil_day"]["rows"]) == days > 0
    others = {row["person_id"] for part in found.values() for row in part["rows"] if "person_id" in row}
    assert others == {person_id}


def test_what_was_said_of_a_faulty_row_is_told(built: OneSource, tmp_path: Path):
    (path,) = built.line.settings.quarantine_dir.glob("attendances/*/*.parquet")
    row = pq.ParquetFile(path).read().to_pylist()[0]
    (entry,) = [
        each for each in rows_of(built, "attendances", "_row", row["_row"]) if each["_load_id"] == row["_load_id"]
    ]
    (pupil,) = rows_of(built, "pupils", "person_id", entry["person_id"])
    out = tmp_path / "answer.json"
    assert ask(built, out, "--pseudonym", pupil["pupil_id"], "--protected").exit_code == 0
    found = told(out)
    assert row["_row"] in {each["_row"] for each in found["quarantine", "rules not met"]["rows"]}
    assert {each["record_id"] for each in found["ledger", "issues"]["rows"]} >= {entry["attendance_id"]}


def test_asking_is_noted_in_the_chain(built: OneSource, tmp_path: Path):
    pupil_id = built_pupil(built)
    before = len(built.line.ledger.accesses())
    assert ask(built, tmp_path / "answer.csv", "--pseudonym", pupil_id, "--format", "csv").exit_code == 0
    newest = built.line.ledger.accesses()[0]
    assert len(built.line.ledger.accesses()) == before + 1
    assert (newest.purpose, newest.grain, newest.statement) == (PURPOSE, "pupil", "privacy extract")
    assert newest.rows > 10
    assert built.line.ledger.verify_accesses().broken_at is None
    with (tmp_path / "answer.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert {line["store"] for line in lines} >= {"landing", "warehouse"}
    assert all(line["purpose"] and line["category"] for line in lines)


def built_pupil(installation: OneSource) -> str:
    (pupil_id,) = pseudonyms_of(installation.line, installation.civic_number_of_a_pupil())
    return pupil_id


def test_a_file_that_is_there_is_not_written_over(built: OneSource, tmp_path: Path):
    out = tmp_path / "there.json"
    out.write_text("mine", encoding="utf-8")
    done = ask(built, out, "--pseudonym", built_pupil(built))
    assert (done.exit_code, out.read_text(encoding="utf-8")) == (4, "mine")


@pytest.mark.parametrize("purpose", ["", "unstated"])
def test_a_purpose_is_demanded(built: OneSource, tmp_path: Path, purpose: str):
    done = ask(built, tmp_path / "x.json", "--pseudonym", built_pupil(built), "--purpose", purpose)
    assert done.exit_code == 4
    assert not (tmp_path / "x.json").exists()


def test_a_protected_pupil_is_told_of_only_when_that_was_decided(built: OneSource, tmp_path: Path):
    installation = copied(built, tmp_path / "home")
    pupil_id = built_pupil(installation)
    person_id = record_of(installation, pupil_id)
    path = next(iter(installation.line.settings.landing_dir.glob("group_memberships/*/*/*.parquet")))
    table = pq.ParquetFile(path).read()
    marks = [
        mark or person == person_id
        for person, mark in zip(table["person_id"].to_pylist(), table["is_protected"].to_pylist(), strict=True)
    ]
    place = table.schema.get_field_index("is_protected")
    pq.write_table(table.set_column(place, "is_protected", [marks]), path)
    out = tmp_path / "answer.json"
    done = ask(installation, out, "--pseudonym", pupil_id)
    assert (done.exit_code, "protected identity" in done.output.replace("\n", " "), out.exists()) == (4, True, False)
    assert ask(installation, out, "--pseudonym", pupil_id, "--protected").exit_code == 0
