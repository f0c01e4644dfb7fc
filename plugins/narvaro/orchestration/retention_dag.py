"""The Airflow DAG that removes, once a month, what is older than the county keeps."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.sdk import DAG, CronTriggerTimetable, Param, get_current_context, task

from narvaro.orchestration.airflow_troubles import tell_run_failure
from narvaro.orchestration.dag_defaults import default_args, night_of, open_line
from narvaro.orchestration.pools import WAREHOUSE_WRITER

if TYPE_CHECKING:
    from narvaro.county import County

RETENTION_DAG_ID = "enforce_retention"
# Between the nights: the first of the month at noon, when nothing lands and nothing is built.
_MONTHLY = "0 12 1 * *"


def retention_dag(county: County) -> DAG:
    """Make the DAG that enforces the periods of county.yml."""
    with DAG(
        dag_id=RETENTION_DAG_ID,
        description="Remove pupils' rows that are older than the county keeps",
        doc_md=_DOC,
        schedule=CronTriggerTimetable(_MONTHLY, timezone=str(county.timezone), run_immediately=timedelta(0)),
        catchup=False,
        max_active_runs=1,
        params={
            "night": Param(
                None,
                type=["null", "string"],
                format="date",
                title="Night",
                description="The day whose school year counts as the current one. Empty: the run's own date.",
            ),
        },
        default_args=default_args(county),
        dagrun_timeout=timedelta(hours=6),
        on_failure_callback=tell_run_failure,
        tags=["layer:raw", "tier:2"],
    ) as dag:

        @task(pool=WAREHOUSE_WRITER)
        def remove_expired() -> str:
            """Write old sums down, remove old rows from every store, build anew; the receipt is in the ledger."""
            from narvaro.orchestration.retention import enforce_retention

            line = open_line()
            run = enforce_retention(line, night_of(get_current_context(), county), by="airflow")
            return f"{run.run_id}: {sum(step.rows for step in line.ledger.removals(run.run_id))} rows"

        remove_expired()
    return dag


_DOC = """Remove pupils' rows that are older than the periods under `retention` in `county.yml`.

The sums of the school years concerned are written down first and stand in every later warehouse; then the
rows go from landing, quarantine and the ledger's words about them, and the warehouse is built anew.

- **What was removed?** `narvaro privacy receipts`: what, how many rows, which files.
- **What would be?** `narvaro privacy retain --dry-run`.
- **Failed or killed?** The next run ends it; at every moment each load's files are whole.
- **Run again:** trigger it; what has been removed is not removed twice.
"""
