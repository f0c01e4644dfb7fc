from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import duckdb
import pytest
from byte_search import found_in
from one_source import NAME, OneSource, copied, one_source
from typer.testing import CliRunner

from narvaro.cli import app
from narvaro.errors import PrivacyError
from narvaro.ledger import AccessRecord
from narvaro.orchestration import county_steps, erasure
from narvaro.orchestration.findings import examine_sources
from narvaro.orchestration.line import Line
from narvaro.orchestration.loads import load_paths
from narvaro.privacy import Key, load_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result


class Letter(NamedTuple):
    key: str
    night: date
    recipient: str
    language: str
    subject: str
    message: str
    channel: str = "email"
    role: str = ""


def landed(installation: OneSource, entity: str) -> str:
    loads = [load for load in installation.line.ledger.loads(source=NAME) if load.status != "superseded"]
    paths = [
        str(path) for load in loads if load.entity == entity for path in load_paths(installation.line.settings, load)
    ]
    return f"read_parquet({paths}, union_by_name = true)"


def values(query: str) -> list:
    return [row[0] if len(row) == 1 else row for row in duckdb.sql(query).fetchall()]


def a_known_pupil(installation: OneSource) -> tuple[str, set[str]]:
    """Give a pupil with much to its name, and all that names it or its rows."""
    attendances, pupils = landed(installation, "attendances"), landed(installation, "pupils")
    (person_id,) = values(f"select person_id from {attendances} group by 1 order by count(*) desc, 1 limit 1")
    (pupil_id,) = values(f"select distinct pupil_id from {pupils} where person_id = '{person_id}'")
    ids = {person_id, pupil_id, *values(f"select attendance_id from {attendances} where person_id = '{person_id}'")}
    return pupil_id, ids


@pytest.fixture(scope="module")
def two_nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneSource]:
    """Two nights of a source whose rows a warehouse has been built from; never changed: take a copy."""
    with one_source(tmp_path_factory.mktemp("erasure") / "home") as installation:
        for days in (0, 1):
            night = installation.first_night + timedelta(days=days)
            assert installation.night(night).status == "accepted", installation.error
        yield installation


@pytest.fixture
def installation(two_nights: OneSource, tmp_path: Path) -> OneSource:
    return copied(two_nights, tmp_path / "home")


def erase(installation: OneSource, pupil_id: str) -> erasure.Erasure:
    pupil = erasure.find_pupil(installation.line, [pupil_id])
    return erasure.erase(installation.line, pupil, by="anna", reason="asked for")


def test_erased_pupil_is_in_no_byte_of_the_installation(installation: OneSource):
    home = installation.line.settings.home
    night = installation.first_night + timedelta(days=1)
    county_steps.build(installation.line, night)
    pupil_id, ids = a_known_pupil(installation)
    where = found_in(home, ids)
    # The search must be able to find: in landed files, and in the warehouse.
    assert {Path(path).suffix for path in where} >= {".parquet", ".duckdb"}, where
    before = values(f"select count(*) from {landed(installation, 'attendances')}")[0]
    others = set(values(f"select distinct person_id from {landed(installation, 'attendances')}"))

    done = erase(installation, pupil_id)

    assert found_in(home, ids) == set()
    assert done.rows >= len(ids) - 2
    assert before - values(f"select count(*) from {landed(installation, 'attendances')}")[0] >= len(ids) - 2
    assert others - set(values(f"select distinct person_id from {landed(installation, 'attendances')}")) == others & ids
    with duckdb.connect(str(installation.line.settings.warehouse_path), read_only=True) as warehouse:
        assert warehouse.execute("select count(*) from marts.dim_pupil where pupil_id = ?", [pupil_id]).fetchall() == [
            (0,)
        ]
        assert warehouse.execute("select count(*) > 0 from marts.dim_pupil").fetchall() == [(True,)]


def test_erased_pupil_does_not_come_back_with_a_whole_read(installation: OneSource):
    pupil_id, ids = a_known_pupil(installation)
    erase_without_warehouse(installation, pupil_id)
    installation.line.ledger.reset_cursors(NAME)
    record = installation.night(installation.first_night + timedelta(days=2))
    assert record.status == "accepted", installation.error
    assert found_in(installation.line.settings.home, ids) == set()
    (run,) = installation.line.ledger.removal_runs(kind="erasure")
    installation.line.ledger.lift_erasure(run.run_id)
    installation.line.ledger.reset_cursors(NAME)
    assert installation.night(installation.first_night + timedelta(days=3)).status == "accepted"
    assert values(
        f"select count(*) > 0 from {landed(installation, 'attendances')} where person_id in {tuple(ids)}"
    ) == [True]


def erase_without_warehouse(installation: OneSource, pupil_id: str) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(erasure, "rebuild", lambda _line: "")
        erase(installation, pupil_id)


KILLED = """
import json, os, shutil, signal, sys
from pathlib import Path
from narvaro.ledger.pages import Pages
from narvaro.orchestration import erasure
from narvaro.orchestration.findings import examine_sources
from narvaro.orchestration.line import Line

left = int(sys.argv[1])

def counted(original):
    def change(*arguments, **named):
        global left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return original(*arguments, **named)
    return change

Path.replace, Path.unlink = counted(Path.replace), counted(Path.unlink)
shutil.rmtree, Pages._write = counted(shutil.rmtree), counted(Pages._write)
erasure.rebuild = lambda line: ""
line = Line.open()
if line.ledger.removal_runs(kind="erasure"):
    erasure.resume_erasures(line)
else:
    erasure.erase(line, erasure.find_pupil(line, [sys.argv[2]]), by="anna", reason="asked for")
print(json.dumps({"left": left}))
"""


def run_until_killed(installation: OneSource, changes: int, pupil_id: str) -> subprocess.CompletedProcess[str]:
    settings = installation.line.settings
    return subprocess.run(
        [sys.executable, "-c", KILLED, str(changes), pupil_id],
        env={"NARVARO_HOME": str(settings.home), "NARVARO_CONFIG_DIR": str(settings.config_dir), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_killed_erasure_is_ended_by_the_next(two_nights: OneSource, tmp_path: Path):
    pupil_id, ids = a_known_pupil(two_nights)
    whole = run_until_killed(copied(two_nights, tmp_path / "whole"), 10_000, pupil_id)
    assert whole.returncode == 0, whole.stderr
    changes = 10_000 - json.loads(whole.stdout)["left"]
    for number, at in enumerate(range(1, changes, max(1, changes // 6))):
        installation = copied(two_nights, tmp_path / f"killed-{number}")
        assert run_until_killed(installation, at, pupil_id).returncode == -9
        # At every moment what the ledger names is there, so that a build would read whole files.
        line = Line.open(installation.line.settings)
        assert all(path.is_file() for load in line.ledger.accepted_loads() for path in load_paths(line.settings, load))
        ended = run_until_killed(installation, 10_000, pupil_id)
        assert ended.returncode == 0, ended.stderr
        assert found_in(installation.line.settings.home, ids) == set(), at
        assert {run.status for run in line.ledger.removal_runs()} == {"done"}


def test_pupil_that_nobody_knows_is_not_erased(installation: OneSource):
    with pytest.raises(PrivacyError, match="No pupil"):
        erasure.find_pupil(installation.line, ["0" * 32])
    assert installation.line.ledger.removal_runs() == []


def test_list_of_the_erased_is_not_read_by_another_key(installation: OneSource):
    pupil_id, _ = a_known_pupil(installation)
    erase_without_warehouse(installation, pupil_id)
    (run,) = installation.line.ledger.removal_runs()
    with pytest.raises(PrivacyError, match="another pseudonym key"):
        erasure.ErasedPupil.unseal(Key(b"x" * 32), run.sealed[0])
    longer = load_key(installation.line.settings.pseudonym_key_path).extended()
    assert erasure.ErasedPupil.unseal(longer, run.sealed[0]).pupil_id not in {pupil_id, ""}


def narvaro(installation: OneSource, *arguments: str, typed: str = "") -> Result:
    settings = installation.line.settings
    env = {"NARVARO_HOME": str(settings.home), "NARVARO_CONFIG_DIR": str(settings.config_dir), "COLUMNS": "300"}
    return CliRunner(env=env).invoke(app, ["privacy", *arguments], input=typed)


def test_command_erases_by_a_number_that_is_typed_and_not_shown(
    installation: OneSource, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(erasure, "rebuild", lambda _line: "")
    number = installation.civic_number_of_a_pupil()
    done = narvaro(installation, "erase", "--reason", "decision 1", typed=f"{number}\ny\n")
    assert done.exit_code == 0, done.output
    assert number not in done.output
    assert "nothing of the pupil was found" in done.output
    (run,) = installation.line.ledger.removal_runs()
    assert run.run_id in done.output
    told = json.loads(narvaro(installation, "receipts", "--json").stdout)
    assert {"attendances", "pupils", "enrolments"} <= {row["entity"] for row in told}
    assert "sealed" not in told[0]
    again = narvaro(installation, "erase", typed=f"{number}\ny\n")
    assert again.exit_code == 4
    assert "No pupil" in again.output
    assert narvaro(installation, "readmit", run.run_id).exit_code == 0
    assert installation.line.ledger.removal_runs()[0].status == "lifted"


@pytest.mark.parametrize("typed", ["nonsense\ny\n", "201013321234\ny\n", "\n\n\n"])
def test_what_is_no_civic_number_erases_nobody(installation: OneSource, typed: str):
    done = narvaro(installation, "erase", typed=typed)
    assert done.exit_code in {1, 4}
    assert "Traceback" not in done.output
    assert typed.splitlines()[0] == "" or typed.splitlines()[0] not in done.output
    assert installation.line.ledger.removal_runs() == []


def test_command_that_is_not_confirmed_erases_nobody(installation: OneSource):
    pupil_id, _ = a_known_pupil(installation)
    done = narvaro(installation, "erase", "--pseudonym", pupil_id, typed="n\n")
    assert done.exit_code == 1
    assert installation.line.ledger.removal_runs() == []
    assert narvaro(installation, "erase", "--pseudonym", "abc", typed="y\n").exit_code == 4


def test_command_verifies_the_access_log(installation: OneSource):
    ledger = installation.line.ledger
    assert narvaro(installation, "verify").exit_code == 0
    for number in range(3):
        ledger.record_access(AccessRecord(datetime(2026, 9, 19, tzinfo=UTC), "anna", "check", f"select {number}", 1))
    noted = ledger.verify_accesses().head
    assert noted in narvaro(installation, "verify", "--head", noted).output
    assert narvaro(installation, "verify", "--head", "f" * 64).exit_code == 4
    with sqlite3.connect(installation.line.settings.home / "ledger.db") as database:
        database.execute("update accesses set actor = 'berit' where access_id = 2")
    done = narvaro(installation, "verify")
    assert (done.exit_code, "from row 2 on" in done.output) == (4, True)


def test_erased_pupil_stays_away_when_the_key_is_rotated(installation: OneSource, monkeypatch: pytest.MonkeyPatch):
    from narvaro.orchestration import key_rotation

    pupil_id, ids = a_known_pupil(installation)
    erase_without_warehouse(installation, pupil_id)
    monkeypatch.setattr(key_rotation, "_build", lambda _line: "")
    key_rotation.rotate_key(Line.open(installation.line.settings, during_switch=True))
    installation.line.ledger.reset_cursors(NAME)
    assert installation.night(installation.first_night + timedelta(days=2)).status == "accepted", installation.error
    # The ids of its rows are the source's own and not keyed: they would tell.
    assert found_in(installation.line.settings.home, ids) == set()


def test_what_was_told_of_an_erased_pupil_is_taken_back(tmp_path: Path):
    fault = {"source": NAME, "kind": "impossible_minutes", "rows": 3}
    with one_source(tmp_path / "home", faults=(fault,)) as installation:
        line, night = installation.line, installation.first_night
        assert installation.night(night).status == "accepted", installation.error
        examination = examine_sources(line, night)
        line.ledger.record_findings(night, examination.findings, checked=examination.checked)
        told = {record_id for issue in line.ledger.open_issues() for record_id in issue.record_ids}
        held = values(f"select record_id from read_parquet('{line.settings.quarantine_dir}/attendances/**/*.parquet')")
        assert told & set(held)
        record_id = min(told & set(held))
        message = EmailMessage()
        message.set_content(f"Rätta {record_id}", cte="base64")
        line.ledger.queue_letter(Letter("key", night, "a@b.example", "sv", "x", message.as_string()))
        line.ledger.mark_sent("key")
        (line.settings.mail_dir).mkdir(exist_ok=True)
        (line.settings.mail_dir / "1.eml").write_text(message.as_string(), encoding="utf-8")
        (person_id,) = values(
            f"select person_id from {landed(installation, 'attendances')} where attendance_id = '{record_id}'"
        )
        (pupil_id,) = values(
            f"select distinct pupil_id from {landed(installation, 'pupils')} where person_id = '{person_id}'"
        )
        where = found_in(line.settings.home, {record_id})
        assert {path.split("/")[0] for path in where} >= {"landing", "quarantine", "mail"}
        assert any(path.startswith("ledger.db") for path in where)

        erase_without_warehouse(installation, pupil_id)

        assert found_in(line.settings.home, {record_id, person_id, pupil_id}) == set()
        removed = {step.entity for step in line.ledger.removals()}
        assert {"attendances", "record_ids", "mails"} <= removed
        # The fault is counted still; another pupil's row is told still.
        assert {r for issue in line.ledger.open_issues() for r in issue.record_ids} == told - {record_id}
        assert sum(issue.count for issue in line.ledger.open_issues()) >= 3
