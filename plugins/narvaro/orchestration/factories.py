"""Airflow DAGs made from the county's configuration: one per source, one for the county."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.sdk import (
    DAG,
    Asset,
    AssetAll,
    AssetOrTimeSchedule,
    CronTriggerTimetable,
    Metadata,
    Param,
    TriggerRule,
    get_current_context,
    task,
)

from narvaro.orchestration.airflow_troubles import tell_run_failure
from narvaro.orchestration.dag_defaults import default_args, night_of, open_line
from narvaro.orchestration.dag_ids import landing_dag_id
from narvaro.orchestration.deadlines import figures_deadline
from narvaro.orchestration.decision_dag import ask_when_held
from narvaro.orchestration.pools import WAREHOUSE_WRITER, source_pool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from narvaro.county import County, Source

_NIGHT = Param(
    None,
    type=["null", "string"],
    format="date",
    title="Night",
    description="The morning's date whose night is run, e.g. 2026-09-19. Empty: the run's own date.",
)


def landing_asset(source: str) -> Asset:
    """Name the asset that says: this source's night is settled, well or badly."""
    return Asset(name=f"landing-{source}", uri=f"narvaro://landing/{source}")


def landing_dag(county: County, source: Source) -> DAG:
    """Make the DAG that lands one source's night, judges it and tells the county."""
    with DAG(
        dag_id=landing_dag_id(source.name),
        description=f"Land and judge a night of {source.name}",
        doc_md=_landing_doc(county, source),
        schedule=_clock(county.schedule_of(source.name), county),
        catchup=False,
        max_active_runs=1,
        params={"night": _NIGHT},
        default_args=default_args(county) | {"pool": source_pool(source.name)},
        dagrun_timeout=timedelta(hours=6),
        on_failure_callback=tell_run_failure,
        tags=["layer:raw", f"source:{source.name}", "tier:1"],
    ) as dag:

        @task
        def land_source() -> str:
            """Extract, minimise, pseudonymise and land every entity of the night, or none."""
            from narvaro.orchestration import landing_steps
            from narvaro.orchestration.task_state import TaskStateCheckpoints

            context = get_current_context()
            checkpoints = TaskStateCheckpoints(context["task_state_store"])
            return landing_steps.land(
                open_line(), source.name, night_of(context, county), checkpoints=checkpoints
            ).status

        @task
        def judge_loads() -> str:
            """Hold every load against its suite; accept the night and move the cursors, hold it, or refuse it."""
            from narvaro.orchestration import landing_steps
            from narvaro.orchestration.troubles import held_night, tell_engineer

            line, night = open_line(), night_of(get_current_context(), county)
            record = landing_steps.judge(line, source.name, night)
            if trouble := held_night(line, source.name, night):
                tell_engineer(line, trouble)
            return record.status

        @task(outlets=[landing_asset(source.name)], retries=0)
        def settle_source() -> Iterator[Metadata]:
            """Tell the county that this source's night is over, whatever came of it."""
            from narvaro.orchestration import landing_steps

            night = night_of(get_current_context(), county)
            record = landing_steps.settle(open_line(), source.name, night)
            yield Metadata(landing_asset(source.name), {"night": night.isoformat(), "status": record.status})

        # A teardown runs whatever came of the others, and leaves it to them whether the run has failed.
        judged = judge_loads()
        land_source() >> judged >> settle_source().as_teardown()
        # Beside the settling, and in a run of its own: neither the county nor the next night waits for a person.
        found, asked = ask_when_held(source)
        judged >> found >> asked
    return dag


def county_dag(county: County) -> DAG:
    """Make the DAG that builds, checks and publishes the county and sends the letters."""
    with DAG(
        dag_id="build_county",
        description="Build the warehouse, publish the county's figures, send the letters",
        doc_md=_county_doc(county),
        schedule=AssetOrTimeSchedule(
            timetable=_clock(f"{county.build_at.minute} {county.build_at.hour} * * *", county),
            assets=AssetAll(*(landing_asset(source.name) for source in county.enabled_sources)),
        ),
        catchup=False,
        max_active_runs=1,
        params={"night": _NIGHT},
        default_args=default_args(county),
        dagrun_timeout=timedelta(hours=4),
        on_failure_callback=tell_run_failure,
        deadline=figures_deadline(county),
        tags=["layer:marts", "tier:1"],
    ) as dag:

        @task(pool=WAREHOUSE_WRITER)
        def build_warehouse() -> str:
            """Load the accepted loads and run `dbt build` beside the warehouse, then replace it."""
            from narvaro.orchestration import county_steps

            return county_steps.build(open_line(), night_of(get_current_context(), county))

        @task
        def check_marts() -> int:
            """Hold the marts against their suites; a critical failure stops the publication."""
            from narvaro.orchestration import county_steps

            return county_steps.check_marts(open_line(), night_of(get_current_context(), county))

        @task
        def publish_release() -> str:
            """Replace the published store, or leave it untouched when nothing changed."""
            from narvaro.orchestration import county_steps

            return county_steps.publish(open_line(), night_of(get_current_context(), county))

        @task(trigger_rule=TriggerRule.ALL_DONE)
        def send_letters() -> int:
            """Send each municipality concerned its letter; a failed build does not silence them."""
            from narvaro.orchestration import county_steps

            return county_steps.send_letters(open_line(), night_of(get_current_context(), county))

        checked = check_marts()
        build_warehouse() >> checked >> [publish_release(), send_letters()]
    return dag


def _clock(cron: str, county: County) -> CronTriggerTimetable:
    """Give a clock in the county's time that waits for its next stroke.

    Left to itself it also runs the stroke just missed: a county installed at seven in the
    morning would at once write to every municipality that it had been silent that night.
    """
    return CronTriggerTimetable(cron, timezone=str(county.timezone), run_immediately=timedelta(0))


def _landing_doc(county: County, source: Source) -> str:
    """Write what the run page says about a source."""
    owner = county.owners[source.owner]
    return f"""Land one night of **{source.name}** ({owner.name}).

Reads the source's {source.system} server through connection `{source.conn_id}` from the cursor to the
night's upper bound, drops and pseudonymises in memory, lands every entity or none, holds each load
against its suite and moves the cursor only when the night is accepted.

- **Held?** Deletions pass the brake's limits: `decide_deletions` asks a person, the last good night stands.
- **Refused or silent?** The last good night stands, the county goes on, the municipality gets a letter.
- **Run again:** trigger with `night`; an accepted night is left as it is, any other is read anew.
- **Backfill:** `airflow backfill create --dag-id {landing_dag_id(source.name)} --from-date ... --to-date ...`.
"""


def _county_doc(county: County) -> str:
    """Write what the run page says about the county."""
    late = f"What is not published at {county.figures_by.isoformat()}" if county.figures_by else "No lateness"
    return f"""Build the county's figures from every source's last good night.

Starts when all sources have settled their night, or by the clock with those that have: one silent
municipality cannot stop the county, its last good data stand and are marked stale.

- **A failed build** leaves yesterday's warehouse and publication; the log names the failing dbt nodes.
- **Late?** {late} is told to the engineer, and so is every task that fails for good.
- **Run again:** trigger with `night`; an unchanged night publishes nothing new.
"""
