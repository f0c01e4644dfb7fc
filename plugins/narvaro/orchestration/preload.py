"""Import the slow libraries once, in the process that forks the tasks.

Great Expectations takes five seconds of processor time to import, dbt two. A scheduler with
LocalExecutor forks its tasks, which then find both already there. (A Celery worker does not call
this hook; its own setting `imports` does the same, see docker-compose.yml.)
"""

from __future__ import annotations

import importlib
import os
import sys
from types import SimpleNamespace

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin
from airflow.sdk.configuration import conf

from narvaro.orchestration.deadlines import TimeOfDay

_SLOW = ("great_expectations", "dbt.cli.main")


@hookimpl
def on_starting(component: object) -> None:  # noqa: ARG001 - the hook's signature
    """Import what the tasks need when the process that starts is one that forks them."""
    if "scheduler" in sys.argv and "LocalExecutor" in conf.get("core", "executor"):
        os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
        for module in _SLOW:
            importlib.import_module(module)


class PreloadPlugin(AirflowPlugin):
    """Tell Airflow of the listener above, and of our own kind of deadline."""

    name = "narvaro_preload"
    listeners = [SimpleNamespace(on_starting=on_starting)]  # noqa: RUF012 - Airflow's own convention
    deadline_references = [TimeOfDay]  # noqa: RUF012 - as above
