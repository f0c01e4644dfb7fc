"""Airflow, asked in a process of its own: print what its DagBag makes of some counties, as JSON.

Usage: python dag_facts.py DAGS_FOLDER CONFIG_DIR... < shown-commands.json
Airflow reads its settings when it is imported; a process of its own keeps them out of the other tests.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from airflow.cli.cli_parser import get_parser
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG

from narvaro import errors
from narvaro.county import load_county
from narvaro.orchestration.pools import pools
from narvaro.orchestration.retries import retry_policy
from narvaro.settings import Settings


def county_facts(dags_folder: str, config_dir: str) -> dict[str, Any]:
    """Give what a county's configuration becomes in Airflow."""
    os.environ["NARVARO_CONFIG_DIR"] = config_dir
    county = load_county(Settings.from_env().config_dir)
    bag = DagBag(dags_folder)
    return {
        "import_errors": bag.import_errors,
        "dags": {dag_id: dag_facts(dag) for dag_id, dag in bag.dags.items()},
        "sources": [source.name for source in county.enabled_sources],
        "build_at": county.build_at.isoformat(),
        "timezone": str(county.timezone),
        "pools": sorted(pools(county)),
        "slots": {name: pool["slots"] for name, pool in pools(county).items()},
        "decisions": {name: decision(county, make) for name, make in ERRORS.items()},
        "delays": {"busy": county.retries.busy_delay_seconds, "silent": county.retries.delay_seconds},
    }


def dag_facts(dag: DAG) -> dict[str, Any]:
    """Give what the conventions ask about a DAG."""
    awaited = getattr(dag.timetable, "asset_condition", None)
    return {
        "doc_md": dag.doc_md or "",
        "description": dag.description or "",
        "tags": sorted(dag.tags),
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "params": {name: param_facts(dag.params.get_param(name)) for name in dag.params},
        "schedule": repr(dag.timetable),
        "waits_for": sorted(asset.uri for asset in awaited.objects) if awaited else [],
        "told_when_ended": callback_names(dag.on_failure_callback) if dag.dagrun_timeout else None,
        "deadline": [repr(alert.reference) for alert in dag.deadline or ()],
        "tasks": {task.task_id: task_facts(task) for task in dag.tasks},
    }


def param_facts(param: Any) -> dict[str, Any]:
    """Give what the form of a manual run shows for a parameter."""
    return param.schema | {"description": param.description}


def task_facts(task: Any) -> dict[str, Any]:
    """Give what the conventions ask about a task."""
    return {
        "pool": task.pool,
        "retries": task.retries,
        "retry_delay": task.retry_delay.total_seconds(),
        "has_policy": task.retry_policy is not None,
        "has_timeout": task.execution_timeout is not None,
        "told_when_failed": callback_names(task.on_failure_callback),
        "doc": bool(task.doc_md or task.python_callable.__doc__),
        "outlets": [asset.uri for asset in task.outlets],
        "trigger_rule": task.trigger_rule.value,
        "downstream": sorted(task.downstream_task_ids),
        "is_teardown": task.is_teardown,
    }


def callback_names(callbacks: Any) -> list[str]:
    """Give the names of a DAG's or a task's callbacks, which may be one, many or none."""
    several = callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]
    return [callback.__name__ for callback in several if callback is not None]


ERRORS = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.NarvaroError)
} | {"KeyError": KeyError}


def decision(county: Any, kind: type[Exception]) -> dict[str, Any]:
    """Give what the retry policy makes of an error at the first attempt."""
    found = retry_policy(county.retries).evaluate(kind("invented"), 1, 3)
    return {"action": found.action.value, "delay": found.retry_delay.total_seconds() if found.retry_delay else None}


def is_understood(arguments: list[str]) -> bool:
    """Tell whether Airflow's command line takes these arguments; nothing is run."""
    try:
        get_parser().parse_args(arguments)
    except SystemExit:
        return False
    return True


if __name__ == "__main__":
    folder, *configs = sys.argv[1:]
    shown = json.load(sys.stdin)
    facts = {
        "counties": {config: county_facts(folder, config) for config in configs},
        "refused": [command for command in shown if not is_understood(command)],
    }
    sys.__stdout__.write("\n" + json.dumps(facts) + "\n")
