"""By when a run must be over: a time of day in the county."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from narvaro.orchestration.deadlines import TimeOfDay, figures_deadline
from narvaro.orchestration.preload import PreloadPlugin

AT_SEVEN = TimeOfDay("07:00:00", "Europe/Stockholm")


@dataclass
class SomeCounty:
    figures_by: time | None
    timezone: str = "Europe/Stockholm"


@pytest.mark.parametrize(
    ("begins", "deadline"),
    [
        (datetime(2026, 9, 19, 1, 40, tzinfo=UTC), datetime(2026, 9, 19, 5, 0, tzinfo=UTC)),
        (datetime(2026, 9, 19, 4, 59, tzinfo=UTC), datetime(2026, 9, 19, 5, 0, tzinfo=UTC)),
        # Run again in the afternoon: whoever does that looks on.
        (datetime(2026, 9, 19, 5, 0, tzinfo=UTC), None),
        (datetime(2026, 9, 19, 12, 0, tzinfo=UTC), None),
        # The clock goes back in the night: seven is an hour further off.
        (datetime(2026, 10, 25, 0, 40, tzinfo=UTC), datetime(2026, 10, 25, 6, 0, tzinfo=UTC)),
    ],
)
def test_deadline_is_a_time_of_day_in_the_county(begins: datetime, deadline: datetime | None):
    assert AT_SEVEN.deadline_of(begins) == deadline


def test_airflow_gets_back_what_it_kept():
    assert TimeOfDay.deserialize_reference(AT_SEVEN.serialize_reference()) == AT_SEVEN
    assert TimeOfDay in PreloadPlugin.deadline_references


def test_scheduler_is_told_the_deadline_of_a_run_that_it_makes(tmp_path):
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'airflow.db'}")
    with engine.begin() as connection:
        connection.execute(sa.text("create table dag_run (dag_id text, run_id text, run_after timestamp)"))
        run: dict[str, Any] = {"dag": "build_county", "run": "r1", "after": "2026-09-19 01:40:00.000000"}
        connection.execute(sa.text("insert into dag_run values (:dag, :run, :after)"), run)
        found = AT_SEVEN._evaluate_with(session=connection, dag_id="build_county", run_id="r1")
        unknown = AT_SEVEN._evaluate_with(session=connection, dag_id="build_county", run_id="r2")
    assert (found, unknown) == (datetime(2026, 9, 19, 5, 0, tzinfo=UTC), None)


def test_county_that_wants_no_deadline_has_none():
    assert figures_deadline(SomeCounty(None)) is None
    alert = figures_deadline(SomeCounty(time(7)))
    assert (alert.reference, alert.interval) == (AT_SEVEN, timedelta(0))
    assert alert.callback.path == "narvaro.orchestration.airflow_troubles.tell_late_figures"
