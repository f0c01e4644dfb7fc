"""Received against expected: what refuses a night, what is only told, and what is not compared."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from narvaro.landing import WeekMinutes
from narvaro.ledger import LoadRecord
from narvaro.orchestration import control
from narvaro.orchestration.line import Line
from narvaro.settings import PROJECT_DIR, Settings

SOURCE, NIGHT, MONDAY = "1080-karlskrona", date(2026, 9, 21), date(2026, 9, 14)


@pytest.fixture
def line(tmp_path):
    config_dir = PROJECT_DIR / "config" / "blekinge"
    return Line.open(Settings.from_env({"NARVARO_HOME": str(tmp_path), "NARVARO_CONFIG_DIR": str(config_dir)}))


def held(line, monkeypatch, *weeks, late=timedelta()):
    """Hold a night against totals of some weeks."""
    bound = line.county.night_bound_at(NIGHT)
    load = LoadRecord("id", SOURCE, "aggregated_attendances", NIGHT, 9, 9, None, bound, "f", server_date=bound + late)
    monkeypatch.setattr(control, "week_minutes", lambda _rows: list(weeks))
    monkeypatch.setattr(control, "files_of", lambda _line, _loads: {})
    return control.hold_to_control(line, SOURCE, NIGHT, [load])


def a_week(expected, received, certain=None):
    return WeekMinutes("12345678", "Invented", MONDAY, expected, received, received if certain is None else certain)


def due(line):
    return {key for key, record in line.ledger.reads(SOURCE).items() if record.is_due}


def test_missing_minutes_refuse_the_night_and_have_everything_read(line, monkeypatch):
    found = held(line, monkeypatch, a_week(10_000, 9_000))
    assert found.is_refused
    assert "12345678 2026-W38: 9000 of 10000 minutes" in found.explain()
    assert due(line) == {("attendances", "full"), ("lessons", "full")}
    (failure,) = found.verdict.failures
    said = (failure.rule, failure.count, failure.column, failure.record_ids)
    assert said == ("short_pull", 1000, "12345678", ("2026-W38",))


@pytest.mark.parametrize(("received", "is_refused"), [(9_990, False), (9_989, True)])
def test_tolerance_is_a_share_of_the_units_minutes(line, monkeypatch, received, is_refused):
    assert held(line, monkeypatch, a_week(10_000, received)).is_refused is is_refused


def test_surplus_is_told_and_refuses_nothing(line, monkeypatch):
    found = held(line, monkeypatch, a_week(10_000, 11_000))
    assert not found.is_refused
    assert [failure.severity for failure in found.verdict.failures] == ["warning"]
    assert due(line) == {("attendances", "full"), ("lessons", "full")}


def test_surplus_that_a_whole_read_did_not_mend_is_not_read_whole_again_at_once(line, monkeypatch):
    yesterday = NIGHT - timedelta(days=1)
    line.ledger.record_landing(SOURCE, yesterday, [], reads=[("attendances", "full"), ("lessons", "full")])
    line.ledger.settle_accepted(SOURCE, yesterday, [], {})
    held(line, monkeypatch, a_week(10_000, 11_000))
    assert due(line) == set()


def test_what_may_or_may_not_be_in_the_sums_is_neither_missing_nor_surplus(line, monkeypatch):
    found = held(line, monkeypatch, a_week(10_000, 10_500, certain=9_500))
    assert found.verdict.failures == ()
    assert due(line) == set()


@pytest.mark.parametrize(("hours", "is_compared"), [(6, True), (7, False)])
def test_sums_of_another_moment_are_not_compared(line, monkeypatch, hours, is_compared):
    found = held(line, monkeypatch, a_week(10_000, 0), late=timedelta(hours=hours))
    assert (found is not None) is is_compared
    assert bool(due(line)) is is_compared


def test_source_without_sums_is_not_controlled(line):
    assert control.hold_to_control(line, SOURCE, NIGHT, []) is None
