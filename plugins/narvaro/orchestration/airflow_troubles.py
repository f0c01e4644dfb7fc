"""What Airflow calls when a task has failed for good, when a run has, or when it is late."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from narvaro.errors import NarvaroError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from narvaro.county import County
    from narvaro.orchestration.line import Line
    from narvaro.orchestration.troubles import Trouble

_log = logging.getLogger(__name__)


def tell_task_failure(context: Mapping[str, Any]) -> None:
    """Tell the engineer of a failed task; called by Airflow in the task's own process, before it ends."""
    from narvaro.orchestration.troubles import task_failure

    task, error = context["ti"], context.get("exception")
    _tell(context, lambda _line, night: task_failure(night, dag_id=task.dag_id, task_id=task.task_id, error=error))


def tell_run_failure(context: Mapping[str, Any]) -> None:
    """Tell the engineer of a failed run that no task has told of; called by Airflow's DAG processor.

    A task whose process was killed, or whose run took too long, has nobody left to call its own callback.
    """
    from narvaro.orchestration.troubles import run_failure

    dag_id, reason = context["dag"].dag_id, str(context.get("reason"))
    _tell(context, lambda line, night: run_failure(line, night, dag_id=dag_id, reason=reason))


def _tell(context: Mapping[str, Any], trouble_of: Callable[[Line, date], Trouble | None]) -> None:
    """Tell what became of a run, with as much as is known of it."""
    from narvaro.orchestration.dag_defaults import night_of, open_line
    from narvaro.orchestration.troubles import tell_engineer

    try:
        # That the pseudonym key is being rotated may be the very trouble.
        line = open_line(during_switch=True)
        try:
            night = night_of(context, line.county)
        except KeyError:
            # Outside the task's own process less may be known of the run.
            night = line.county.night_of(datetime.now(UTC))
        trouble = trouble_of(line, night)
        if trouble is not None:
            tell_engineer(line, trouble)
    except NarvaroError as failure:
        _log.error("the engineer could not be told: %s", failure)


def tell_late_figures(context: Mapping[str, Any]) -> None:
    """Tell the engineer that figures are missing; called by Airflow's executor when the deadline has passed."""
    from narvaro.orchestration.dag_defaults import open_line
    from narvaro.orchestration.troubles import late_figures, tell_engineer

    run = context["dag_run"]
    line = open_line(during_switch=True)
    deadline_at = _moment(context["deadline"]["deadline_time"])
    trouble = late_figures(line, _night_of_run(run, line.county), state=str(run["state"]), deadline_at=deadline_at)
    if trouble is not None:
        tell_engineer(line, trouble)


def _night_of_run(run: Mapping[str, Any], county: County) -> date:
    """Give the night of a run, as Airflow's API describes runs."""
    chosen = (run.get("conf") or {}).get("night")
    return date.fromisoformat(chosen) if chosen else county.night_of(_moment(run["run_after"]))


def _moment(told: datetime | str) -> datetime:
    """Give a point in time that may have come as text."""
    return datetime.fromisoformat(told) if isinstance(told, str) else told
