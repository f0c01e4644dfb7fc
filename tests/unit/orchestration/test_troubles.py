"""What broke in our own machinery reaches the engineer, once, whatever the post does."""

from __future__ import annotations

from datetime import UTC, date, datetime
from email import message_from_string
from email.policy import SMTP
from pathlib import Path
from types import SimpleNamespace

import pytest

from narvaro.alerts.catcher import MailCatcher
from narvaro.connections import Connection
from narvaro.errors import BuildError, DoorClosedError, LandingError, SettingsError, SourceError, SourceShapeError
from narvaro.ledger import BrakeRecord, LetterRecord, ReleaseRecord
from narvaro.orchestration import airflow_troubles, dag_defaults
from narvaro.orchestration.line import Line
from narvaro.orchestration.troubles import held_night, late_figures, task_failure, tell_engineer
from narvaro.settings import PROJECT_DIR, Settings

SOURCE = "1080-karlskrona"
NIGHT = date(2026, 9, 19)
AT_SEVEN = datetime(2026, 9, 19, 5, 0, tzinfo=UTC)
ENGINEER = "narvaro-drift@region-blekinge.example"


@pytest.fixture
def line(tmp_path: Path) -> Line:
    """An installation of Blekinge without a mail server."""
    config_dir = PROJECT_DIR / "config" / "blekinge"
    return Line.open(Settings.from_env({"NARVARO_HOME": str(tmp_path), "NARVARO_CONFIG_DIR": str(config_dir)}))


@pytest.fixture(autouse=True)
def _opened(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give Airflow's callbacks the installation."""
    monkeypatch.setattr(dag_defaults, "open_line", lambda **_changes: line)


def failed_task(dag_id: str, task_id: str, error: BaseException | str | None) -> dict[str, object]:
    """Give what Airflow tells of a failed task."""
    task = SimpleNamespace(dag_id=dag_id, task_id=task_id)
    return {"ti": task, "exception": error, "params": {"night": NIGHT.isoformat()}}


def late_run(state: str) -> dict[str, object]:
    """Give what Airflow tells of a run whose deadline has passed."""
    run = {"dag_run_id": "manual", "state": state, "conf": {}, "run_after": "2026-09-19T04:00:00Z"}
    return {"dag_run": run, "deadline": {"id": "x", "deadline_time": AT_SEVEN.isoformat()}}


def text_of(letter: LetterRecord) -> str:
    body = message_from_string(letter.message, policy=SMTP).get_body(("plain",))  # type: ignore[attr-defined]
    return str(body.get_content())


def test_failed_task_is_told_once_and_waits_for_the_post(line: Line):
    error = BuildError("dbt failed in fct_absence_by_county_week. See the log.")
    for _ in range(2):
        airflow_troubles.tell_task_failure(failed_task("build_county", "build_warehouse", error))
    (letter,) = line.ledger.pending_letters()
    assert (letter.recipient, letter.role, letter.night) == (ENGINEER, "engineer", NIGHT)
    assert "build_county.build_warehouse" in letter.subject
    assert "BuildError: dbt failed in fct_absence_by_county_week." in text_of(letter)


def test_another_error_of_the_task_is_told_too(line: Line):
    for error in (BuildError("x"), BuildError("y"), LandingError("z"), None):
        airflow_troubles.tell_task_failure(failed_task("build_county", "build_warehouse", error))
    assert len(line.ledger.pending_letters()) == 3


def test_error_that_is_not_ours_shows_its_kind_only(line: Line):
    airflow_troubles.tell_task_failure(failed_task("build_county", "build_warehouse", KeyError("Kanarie Testsson")))
    (letter,) = line.ledger.pending_letters()
    assert "KeyError" in text_of(letter)
    assert "Kanarie" not in letter.message


@pytest.mark.parametrize("kind", [SourceError, SourceShapeError, DoorClosedError])
def test_what_is_the_sources_own_is_left_to_its_owners_letter(kind: type[Exception]):
    for task_id in ("land_source", "judge_loads"):
        assert task_failure(NIGHT, dag_id="land_1080_karlskrona", task_id=task_id, error=kind("x")) is None


def test_closed_door_of_the_county_is_the_engineers_affair():
    assert task_failure(NIGHT, dag_id="build_county", task_id="check_marts", error=DoorClosedError("x")) is not None


def test_disk_that_is_full_for_every_source_is_told_once(line: Line):
    for source in ("1080_karlskrona", "1081_ronneby", "1082_karlshamn"):
        airflow_troubles.tell_task_failure(failed_task(f"land_{source}", "land_source", LandingError("full")))
    (letter,) = line.ledger.pending_letters()
    assert "land_1082_karlshamn" in letter.subject


def test_task_that_was_killed_is_told_though_little_is_known_of_its_run(line: Line):
    context = {"ti": SimpleNamespace(dag_id="build_county", task_id="build_warehouse"), "exception": "killed"}
    airflow_troubles.tell_task_failure(context)
    assert len(line.ledger.pending_letters()) == 1


def failed_run(dag_id: str, reason: str = "task_failure") -> dict[str, object]:
    """Give what Airflow tells of a failed run."""
    return {"dag": SimpleNamespace(dag_id=dag_id), "reason": reason, "params": {"night": NIGHT.isoformat()}}


def test_run_that_took_too_long_is_told(line: Line):
    airflow_troubles.tell_run_failure(failed_run("land_1080_karlskrona", "timed_out"))
    (letter,) = line.ledger.pending_letters()
    assert "land_1080_karlskrona" in letter.subject
    assert "timed out" in text_of(letter)


@pytest.mark.parametrize("dag_id", ["land_1080_karlskrona", "build_county"])
def test_run_whose_task_was_killed_without_a_word_is_told(line: Line, dag_id: str):
    for _ in range(2):
        airflow_troubles.tell_run_failure(failed_run(dag_id))
    (letter,) = line.ledger.pending_letters()
    assert dag_id in letter.subject
    assert "killed" in text_of(letter)


@pytest.mark.parametrize(
    ("dag_id", "task_id"), [("build_county", "publish_release"), ("land_1081_ronneby", "land_source")]
)
def test_run_that_a_task_has_told_of_is_not_told_again(line: Line, dag_id: str, task_id: str):
    airflow_troubles.tell_task_failure(failed_task(dag_id, task_id, LandingError("x")))
    airflow_troubles.tell_run_failure(failed_run(dag_id))
    assert len(line.ledger.pending_letters()) == 1


def test_run_whose_source_was_silent_is_left_to_its_owner(line: Line):
    line.ledger.settle_silent(SOURCE, NIGHT, reason="503")
    airflow_troubles.tell_run_failure(failed_run("land_1080_karlskrona"))
    assert line.ledger.pending_letters() == []


def test_late_figures_are_told_once(line: Line):
    for state in ("running", "failed"):
        airflow_troubles.tell_late_figures(late_run(state))
    (letter,) = line.ledger.pending_letters()
    assert "07:00" in text_of(letter)
    assert letter.night == NIGHT


def test_run_that_has_succeeded_is_not_late(line: Line):
    airflow_troubles.tell_late_figures(late_run("success"))
    assert line.ledger.pending_letters() == []


def test_figures_that_are_there_are_not_late_whatever_state_the_run_is_in(line: Line):
    line.ledger.record_release(ReleaseRecord("r", NIGHT, AT_SEVEN, "preliminary", "0.1.0"))
    assert late_figures(line, NIGHT, state="running", deadline_at=AT_SEVEN) is None
    assert late_figures(line, date(2026, 9, 20), state="running", deadline_at=AT_SEVEN) is not None


def test_held_night_is_told_while_it_waits(line: Line):
    assert held_night(line, SOURCE, NIGHT) is None
    unit = {
        "school_unit_code": "12345678",
        "entity": "attendances",
        "counted": "attendances",
        "doomed": 900,
        "rows": 1000,
    }
    line.ledger.record_landing(SOURCE, NIGHT, [])
    line.ledger.settle_held(BrakeRecord(SOURCE, NIGHT, 900, 0, (unit,)), [], reason="x")
    trouble = held_night(line, SOURCE, NIGHT)
    assert trouble is not None
    assert [tell_engineer(line, trouble), tell_engineer(line, trouble)] == [1, 0]
    (letter,) = line.ledger.pending_letters()
    assert "900 of 1000 attendances of 12345678" in text_of(letter).replace("\n", " ")


def test_post_that_is_there_takes_it_at_once(line: Line, tmp_path: Path):
    with MailCatcher(tmp_path / "mail") as catcher:
        smtp = Connection("narvaro_smtp", host="127.0.0.1", port=catcher.port, extra={"tls": "none"})
        object.__setattr__(line, "find_connection", lambda _conn_id: smtp)
        airflow_troubles.tell_task_failure(failed_task("build_county", "build_warehouse", SettingsError("x")))
        assert len(catcher.letters()) == 1
    assert line.ledger.pending_letters() == []
