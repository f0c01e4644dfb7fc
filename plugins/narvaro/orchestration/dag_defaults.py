"""What every DAG of ours shares: its tasks' arguments, the night that a run is about, the open installation."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from narvaro.orchestration.airflow_troubles import tell_task_failure
from narvaro.orchestration.retries import retry_policy
from narvaro.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from narvaro.county import County
    from narvaro.orchestration.line import Line


def night_of(context: Mapping[str, Any], county: County) -> date:
    """Give the night that a run is about.

    The parameter decides; then the newest night among the assets that triggered the run;
    then the run's own time in the county's time zone.
    """
    if chosen := context["params"].get("night"):
        return date.fromisoformat(chosen)
    events = [event for events in (context.get("triggering_asset_events") or {}).values() for event in events]
    if nights := [event.extra["night"] for event in events if "night" in (event.extra or {})]:
        return date.fromisoformat(max(nights))
    return county.night_of(context.get("logical_date") or context["dag_run"].run_after)


def default_args(county: County) -> dict[str, object]:
    """Give what every task shares."""
    delay_seconds = Settings.from_env().retry_delay_seconds
    return {
        "owner": "narvaro",
        "retries": county.retries.count,
        # Where no exception is left to judge: the worker was killed.
        "retry_delay": timedelta(seconds=county.retries.delay_seconds if delay_seconds is None else delay_seconds),
        "retry_policy": retry_policy(county.retries, delay_seconds=delay_seconds),
        "execution_timeout": timedelta(hours=3),
        "on_failure_callback": tell_task_failure,
    }


def open_line(*, during_switch: bool = False) -> Line:
    """Open the installation with Airflow's own connections; `during_switch` as in `Line.open`."""
    from narvaro.orchestration.airflow_connections import find_airflow_connection
    from narvaro.orchestration.line import Line

    return Line.open(find=find_airflow_connection, during_switch=during_switch)
