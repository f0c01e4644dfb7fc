"""The Airflow DAG that asks a person about held deletions; nobody waits for the answer."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Param, get_current_context, task

from narvaro.orchestration.dag_defaults import default_args, night_of, open_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from narvaro.county import County, Source

DECISION_DAG_ID = "decide_deletions"
APPROVE, REJECT, LATER = "Approve", "Reject", "Decide later"
# Until the next night asks anew.
_WAIT = timedelta(hours=20)


def ask_when_held(source: Source) -> tuple[Any, Any]:
    """Make the two tasks of a landing DAG that put a held night's question, first to last."""

    @task.short_circuit(ignore_downstream_trigger_rules=False, retries=0)
    def find_question() -> dict[str, str]:
        """Tell whether the night is held, and name the question; otherwise there is nobody to ask."""
        line = open_line()
        night = night_of(get_current_context(), line.county)
        for brake in line.ledger.brakes(source.name, status="pending", night=night):
            # The same hold is asked about once, however often the run is cleared.
            held_at = f"{brake.pulled_at:%Y%m%dT%H%M%S}" if brake.pulled_at else ""
            return {"run_id": f"{source.name}-{night}-{held_at}", "night": night.isoformat()}
        return {}

    question = "ti.xcom_pull(task_ids='find_question')"
    ask_person = TriggerDagRunOperator(
        task_id="ask_person",
        doc_md="Start `decide_deletions` for this source and night, and do not wait for it.",
        trigger_dag_id=DECISION_DAG_ID,
        trigger_run_id=f"{{{{ {question}['run_id'] }}}}",
        conf={"source": source.name, "night": f"{{{{ {question}['night'] }}}}"},
        skip_when_already_exists=True,
    )
    return find_question(), ask_person


def decision_dag(county: County) -> DAG:
    """Make the DAG that shows what would vanish, waits for a person and carries out the answer."""
    with DAG(
        dag_id=DECISION_DAG_ID,
        description="Ask a person about deletions that are held",
        doc_md=_DOC,
        schedule=None,
        catchup=False,
        # One question may wait for a day; the next source's must not wait for it.
        max_active_runs=64,
        params={
            "source": Param("", type="string", title="Source", description="Name of the source, e.g. 0180-stockholm."),
            "night": Param(
                None,
                type=["null", "string"],
                format="date",
                title="Night",
                description="The held night, e.g. 2026-09-19.",
            ),
        },
        default_args=default_args(county),
        tags=["layer:raw", "tier:2"],
    ) as dag:

        @task
        def show_question() -> str:
            """Say per school unit how much would vanish."""
            from narvaro.orchestration.deciding import question_text

            return question_text(open_line(), *_named(get_current_context()))

        @task
        def carry_out() -> str:
            """Accept or refuse the held night as answered; a question that was decided elsewhere is left alone."""
            from narvaro.orchestration.deciding import Answer, carry_out_answer

            context = get_current_context()
            given = context["ti"].xcom_pull(task_ids="wait_for_person")
            answer = Answer(
                approve={APPROVE: True, REJECT: False}.get(given["chosen_options"][0]),
                by=(given.get("responded_by_user") or {}).get("name") or "Airflow",
                reason=(given.get("params_input") or {}).get("reason") or "answered in Airflow",
            )
            return carry_out_answer(open_line(), *_named(context), answer)

        show_question() >> _wait_for_person() >> carry_out()
    return dag


def _wait_for_person() -> HITLOperator:
    """Make the task that waits for the answer."""
    return HITLOperator(
        task_id="wait_for_person",
        doc_md="Wait for an answer under *Required Actions*. No answer leaves the night held.",
        subject="Deletions of {{ params.source }}, night {{ params.night }}: shall they take effect?",
        body="{{ ti.xcom_pull(task_ids='show_question') }}",
        options=[APPROVE, REJECT, LATER],
        defaults=LATER,
        params={"reason": Param("", "Why; kept in the ledger.", "task", type="string", title="Reason")},
        response_timeout=_WAIT,
        retries=0,
    )


def _named(context: Mapping[str, Any]) -> tuple[str, date]:
    """Give the source and the night that a run is asked to decide."""
    return context["params"]["source"], date.fromisoformat(context["params"]["night"])


_DOC = """Ask a person whether deletions that would take much of a school unit shall take effect.

A night whose deletions pass the limits of `brake` in `county.yml` is **held**: the source's earlier data
stand, the county is built without the night, nobody waits. This run puts the question under *Required Actions*.

- **Approve:** the night is accepted with its deletions; the next build counts it.
- **Reject:** the night is refused, and the next night reads the same changes again.
- **No answer:** the night stays held until a later night takes its place; `narvaro deletions` decides too.
- **Run again:** trigger with `source` and `night`; what was decided already is left alone.
"""
