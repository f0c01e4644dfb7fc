"""Import the slow libraries once, in the process that forks the tasks.

Great Expectations takes five seconds of processor time to import, dbt two. A scheduler with
LocalExecutor and a Celery worker fork their tasks, which then find both already there.
"""

from __future__ import annotations

import importlib
import os
import sys
from types import SimpleNamespace

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

_SLOW = ("great_expectations", "dbt.cli.main")


@hookimpl
def on_starting(component: object) -> None:  # noqa: ARG001 - the hook's signature
    """Import what the tasks need when the process that starts is one that forks them."""
    if {"scheduler", "worker"} & set(sys.argv):
        os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
        for module in _SLOW:
            importlib.import_module(module)


class PreloadPlugin(AirflowPlugin):
    """Tell Airflow of the listener above."""

    name = "narvaro_preload"
    listeners = [SimpleNamespace(on_starting=on_starting)]  # noqa: RUF012 - Airflow's own convention
