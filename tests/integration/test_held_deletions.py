"""Deletions that wait for a person, pulls that are too short, and deletions that nobody told; over real HTTP."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import yaml
from one_source import NAME, OneSource, copied, one_source, pass_every_door, wait_for_nobody
from typer.testing import CliRunner

from narvaro.cli import app
from narvaro.errors import DoorClosedError
from narvaro.orchestration.deciding import Answer, carry_out_answer, question_text
from narvaro.orchestration.findings import examine_sources

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

GONE = {"kind": "mass_deletion", "resource": "attendances", "shape": "told"}
UNTOLD = GONE | {"shape": "untold"}


@pytest.fixture(scope="module", autouse=True)
def _quickly() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        wait_for_nobody(patched)
        pass_every_door(patched)
        yield


@pytest.fixture(scope="module")
def after_one_night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneSource]:
    """An installation whose first night went well; never changed."""
    with one_source(tmp_path_factory.mktemp("county") / "home") as installation:
        county = installation.config_dir / "county.yml"
        content = yaml.safe_load(county.read_text(encoding="utf-8")) | {"brake": {"max_share": 0.1, "min_rows": 20}}
        county.write_text(yaml.safe_dump(content), encoding="utf-8")
        installation.set_up()
        assert installation.night(installation.first_night).status == "accepted", installation.error
        yield installation


@pytest.fixture
def source(after_one_night: OneSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OneSource]:
    installation = copied(after_one_night, tmp_path / "home")
    installation.plant()
    monkeypatch.setenv("NARVARO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NARVARO_CONFIG_DIR", str(installation.config_dir))
    yield installation
    installation.plant()


def second(source: OneSource) -> date:
    return source.first_night + timedelta(days=3)


def held(source: OneSource) -> date:
    """Give a night that is held."""
    source.plant(GONE)
    record = source.night(second(source))
    assert record.status == "held", source.error
    return record.night


def narvaro(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    return done.output


def rules(source: OneSource, night: date) -> dict[str, set[str | None]]:
    found: dict[str, set[str | None]] = {}
    for finding in examine_sources(source.line, night).findings:
        if finding.source == NAME:
            found.setdefault(finding.rule, set()).add(finding.school_unit_code)
    return found


def test_held_night_changes_nothing_and_is_told(source: OneSource):
    before, cursors = source.standing(), source.line.ledger.cursors(NAME)
    night = held(source)
    assert source.standing() == before
    assert source.line.ledger.cursors(NAME) == cursors
    assert None not in rules(source, night)["held_deletions"]
    (brake,) = source.line.ledger.brakes(status="pending")
    assert brake.told > 20
    assert brake.inferred == 0
    assert all(unit["doomed"] > 0.1 * unit["rows"] for unit in brake.units)


def test_held_night_is_not_read_again(source: OneSource):
    night = held(source)
    loads = source.line.ledger.loads(night, source=NAME)
    assert source.night(night).status == "held"
    assert source.line.ledger.loads(night, source=NAME) == loads


def test_approval_on_the_command_line_accepts_the_night_with_its_deletions(source: OneSource):
    night = held(source)
    (listed, *_) = json.loads(narvaro("deletions", "list", "--json"))
    assert (listed["source"], listed["night"]) == (NAME, night.isoformat())
    before = len(source.standing()["attendances"])
    assert "approved" in narvaro("deletions", "approve", NAME, "--reason", "the school closed")
    assert source.line.ledger.night(NAME, night).status == "accepted"
    assert len(source.standing()["attendances"]) < before
    assert "held_deletions" not in rules(source, night)


def test_rejection_refuses_the_night_and_the_next_one_asks_again(source: OneSource):
    night = held(source)
    before = source.standing()
    narvaro("deletions", "reject", NAME, "--date", night.isoformat(), "--reason", "a mistake over there")
    assert source.standing() == before
    assert "held_deletions" in rules(source, night)
    assert source.night(night + timedelta(days=1)).status == "held"
    source.plant()
    assert source.night(night + timedelta(days=2)).status == "accepted"
    source.assert_true(night + timedelta(days=2))


def test_later_night_takes_the_question_back(source: OneSource):
    night = held(source)
    source.plant()
    following = night + timedelta(days=1)
    assert source.night(following).status == "accepted", source.error
    assert [brake.status for brake in source.line.ledger.brakes(NAME)] == ["lapsed"]
    assert "held_deletions" not in rules(source, following)
    source.assert_true(following)


def test_question_stands_through_a_silent_night(source: OneSource):
    night = held(source)
    source.plant({"kind": "silent"})
    following = night + timedelta(days=1)
    assert source.night(following).status == "silent"
    assert set(rules(source, following)) == {"held_deletions", "silent_source"}


def test_answers_come_from_two_doors_and_the_first_one_counts(source: OneSource):
    night = held(source)
    assert "Would vanish" in question_text(source.line, NAME, night)
    later = Answer(approve=None, by="Airflow", reason="")
    assert "stays held" in carry_out_answer(source.line, NAME, night, later)
    narvaro("deletions", "reject", NAME, "--reason", "no")
    told = carry_out_answer(source.line, NAME, night, Answer(approve=True, by="anna", reason="yes"))
    assert "nothing waits" in told
    assert source.line.ledger.night(NAME, night).status == "refused"
    assert "nothing waits" in question_text(source.line, NAME, night)


def test_untold_deletions_are_found_by_a_whole_read(source: OneSource):
    ledger = source.line.ledger
    for entity in ("attendances", "lessons"):
        ledger.mark_due(NAME, entity, "full", "a test")
    source.plant(UNTOLD)
    assert source.night(second(source)).status == "held", source.error
    (brake,) = ledger.brakes(NAME)
    assert brake.inferred > 20
    narvaro("deletions", "approve", NAME, "--reason", "so it is")
    assert not ledger.reads(NAME)["attendances", "full"].is_due


def test_few_untold_deletions_take_effect_by_themselves(source: OneSource):
    source.line.ledger.mark_due(NAME, "attendances", "full", "a test")
    source.plant(UNTOLD | {"share": 0.02})
    before = source.standing()["attendances"]
    record = source.night(second(source))
    assert record.status == "accepted", source.error
    gone = before.keys() - source.standing()["attendances"].keys()
    assert 0 < len(gone) < 0.1 * len(before)


def test_whole_read_of_a_sound_source_infers_nothing(source: OneSource):
    for entity in ("pupils", "enrolments", "group_memberships", "lessons", "attendances", "absence_notices", "grades"):
        source.line.ledger.mark_due(NAME, entity, "full", "a test")
    night = second(source)
    assert source.night(night).status == "accepted", source.error
    assert ("attendances", "full") in source.line.ledger.night(NAME, night).reads
    source.assert_true(night)


def test_short_pull_is_refused_and_read_whole_the_next_night(source: OneSource):
    monday = source.first_night + timedelta(days=(7 - source.first_night.weekday()) % 7)
    before, cursors = source.standing(), source.line.ledger.cursors(NAME)
    source.plant({"kind": "short_pull", "resource": "attendances", "rows": 60})
    record = source.night(monday)
    assert (record.status, type(source.error)) == ("refused", DoorClosedError)
    assert "short pull" in record.reason
    assert source.standing() == before
    assert source.line.ledger.cursors(NAME) == cursors
    assert source.line.ledger.reads(NAME)["attendances", "full"].due_reason == "short_pull"
    assert set(rules(source, monday)) == {"short_pull"}
    source.plant()
    assert source.night(monday + timedelta(days=1)).status == "accepted", source.error
    assert not source.line.ledger.reads(NAME)["attendances", "full"].is_due
    source.assert_true(monday + timedelta(days=1))
