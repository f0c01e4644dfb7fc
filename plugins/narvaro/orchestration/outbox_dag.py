"""The Airflow DAG that sends, every hour, what waits in the outbox."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.sdk import DAG, CronTriggerTimetable, task

from narvaro.orchestration.airflow_troubles import tell_run_failure
from narvaro.orchestration.dag_defaults import default_args, open_line

if TYPE_CHECKING:
    from narvaro.county import County

OUTBOX_DAG_ID = "send_outbox"
# Between the full hours, when nights begin and the county is built.
_HOURLY = "45 * * * *"


def outbox_dag(county: County) -> DAG:
    """Make the DAG that tries again what a mail server or a channel has not taken."""
    with DAG(
        dag_id=OUTBOX_DAG_ID,
        description="Send the letters and notices that wait in the outbox",
        doc_md=_DOC,
        schedule=CronTriggerTimetable(_HOURLY, timezone=str(county.timezone), run_immediately=timedelta(0)),
        catchup=False,
        max_active_runs=1,
        # The next hour tries again.
        default_args=default_args(county) | {"retries": 0},
        dagrun_timeout=timedelta(minutes=50),
        on_failure_callback=tell_run_failure,
        tags=["layer:marts", "tier:2"],
    ) as dag:

        @task
        def send_waiting() -> int:
            """Send whatever of the outbox is due, by every channel."""
            from narvaro.orchestration.letters import send_waiting

            return send_waiting(open_line())

        send_waiting()
    return dag


_DOC = """Send what waits in the outbox: letters that a mail server did not take, notices that found no channel.

Letters are queued in the ledger before they are sent, so none is lost while the post is down. Each is tried
again with growing waits; an empty outbox needs no mail server.

- **Failed?** A server could not be reached; the log names its connection. The next hour tries again.
- **Run again:** trigger it, or `narvaro alerts send`; a letter that was sent is not sent twice.
"""
