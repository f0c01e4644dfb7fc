"""What Airflow makes of the DAG files, for each county that ships and for one with a source more."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
STOCKHOLM, BLEKINGE = str(ROOT / "config"), str(ROOT / "config" / "blekinge")
WHATEVER_HAPPENED = {"all_done", "all_done_setup_success"}
RETRIED = {"SourceError", "SourceBusyError", "BusyError", "AlertError"}
OF_THE_COUNTY = {"build_county", "decide_deletions", "enforce_retention", "send_outbox"}
LAYERS, TIERS = {"layer:raw", "layer:marts"}, {"tier:1", "tier:2"}


@pytest.fixture(scope="module")
def one_more(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The county's configuration with one source more: an entry, no code."""
    config_dir = tmp_path_factory.mktemp("county") / "config"
    shutil.copytree(STOCKHOLM, config_dir, ignore=shutil.ignore_patterns("blekinge"))
    entry = '  - name: 0180-stockholm-gymnasium\n    owner: "2120000142"\n    schedule: "30 2 * * *"\n'
    sources = config_dir / "sources.yml"
    sources.write_text(sources.read_text(encoding="utf-8").rstrip("\n") + "\n" + entry, encoding="utf-8")
    return str(config_dir)


def shown_commands() -> list[list[str]]:
    """Give the arguments of every call of Airflow that the documents show as code."""
    blocks = [
        block
        for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
        for block in re.findall(r"```sh\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)
    ]
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    calls = (re.match(r"(?:docker compose exec \S+ )?airflow (.*)", line) for line in lines)
    return [shlex.split(call[1], comments=True) for call in calls if call]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory, one_more: str) -> dict[str, Any]:
    """What Airflow says of the counties and of the commands that are shown."""
    home = tmp_path_factory.mktemp("airflow")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "NARVARO_"))}
    program = str(Path(__file__).with_name("dag_facts.py"))
    asked = subprocess.run(
        [sys.executable, program, str(ROOT / "dags"), STOCKHOLM, BLEKINGE, one_more],
        env=inherited | {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "NARVARO_HOME": str(home)},
        input=json.dumps([*shown_commands(), ["dags", "fly"]]),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert asked.returncode == 0, asked.stderr[-3000:]
    return json.loads(asked.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def counties(answers: dict[str, Any]) -> dict[str, Any]:
    return answers["counties"]


@pytest.fixture(params=[STOCKHOLM, BLEKINGE], ids=["stockholm", "blekinge"])
def county(request: pytest.FixtureRequest, counties: dict[str, Any]) -> dict[str, Any]:
    return counties[request.param]


def landing_dags(county: dict[str, Any]) -> dict[str, Any]:
    return {dag_id: dag for dag_id, dag in county["dags"].items() if dag_id not in OF_THE_COUNTY}


def test_dags_are_exactly_these(county):
    assert county["import_errors"] == {}
    wanted = {"land_" + name.replace("-", "_") for name in county["sources"]} | OF_THE_COUNTY
    assert set(county["dags"]) == wanted


def test_counties_have_the_sources_that_they_ship_with(counties):
    assert len(counties[STOCKHOLM]["sources"]) == 34
    assert len([name for name in counties[STOCKHOLM]["sources"] if not name.startswith("fri-")]) == 26
    assert len([name for name in counties[BLEKINGE]["sources"] if not name.startswith("fri-")]) == 5


def test_source_more_is_a_dag_more_without_code(counties, one_more):
    assert set(counties[one_more]["dags"]) - set(counties[STOCKHOLM]["dags"]) == {"land_0180_stockholm_gymnasium"}
    waits_for = counties[one_more]["dags"]["build_county"]["waits_for"]
    assert "narvaro://landing/0180-stockholm-gymnasium" in waits_for
    assert "30 2 * * *" in counties[one_more]["dags"]["land_0180_stockholm_gymnasium"]["schedule"]


def test_county_is_built_by_the_clock_when_a_source_stays_away(county):
    hour, minute, _ = county["build_at"].split(":")
    schedule = county["dags"]["build_county"]["schedule"]
    assert f"expression='{int(minute)} {int(hour)} * * *', timezone='{county['timezone']}'" in schedule


def test_documents_show_only_commands_that_airflow_understands(answers):
    assert len(shown_commands()) >= 4
    # The last is wrong on purpose: the check must be able to fail.
    assert answers["refused"] == [["dags", "fly"]]


def test_documents_show_only_parameters_that_the_dag_has(counties):
    wrong = []
    for command in shown_commands():
        if command[:2] == ["dags", "trigger"] and "--conf" in command:
            dag_id, conf = command[2], json.loads(command[command.index("--conf") + 1])
            wrong += [f"{dag_id}: {name}" for name in set(conf) - set(counties[STOCKHOLM]["dags"][dag_id]["params"])]
    assert not wrong, ", ".join(wrong)


def test_every_dag_explains_itself(county):
    for dag_id, dag in county["dags"].items():
        assert dag["description"], dag_id
        assert len(dag["doc_md"]) > 200, f"{dag_id} has no page that helps at night"
        assert "Run again" in dag["doc_md"], dag_id
        assert all(task["doc"] for task in dag["tasks"].values()), f"{dag_id}: a task without a docstring"


def test_landing_page_names_its_source(county):
    for name in county["sources"]:
        assert f"**{name}**" in county["dags"]["land_" + name.replace("-", "_")]["doc_md"]


def test_tags_come_from_the_closed_list(county):
    sources = {f"source:{name}" for name in county["sources"]}
    for dag_id, dag in county["dags"].items():
        tags = set(dag["tags"])
        assert tags <= LAYERS | TIERS | sources, dag_id
        assert len(tags & LAYERS) == len(tags & TIERS) == 1, dag_id
        assert len(tags & sources) == (dag_id not in OF_THE_COUNTY), dag_id


def test_params_have_types(county):
    for dag_id, dag in county["dags"].items():
        # The outbox is sent whatever night its letters are of.
        if dag_id == "send_outbox":
            assert dag["params"] == {}
            continue
        assert "night" in dag["params"], dag_id
        for name, schema in dag["params"].items():
            assert schema.get("type"), f"{dag_id}: {name} has no type"
            assert schema.get("title"), f"{dag_id}: {name} has no title"
            assert schema.get("description"), f"{dag_id}: {name} has no description"
        assert dag["params"]["night"]["format"] == "date", dag_id


def test_every_pool_that_a_task_waits_in_exists(county):
    used = {task["pool"] for dag in county["dags"].values() for task in dag["tasks"].values()}
    assert used - {"default_pool"} == set(county["pools"])


def test_a_municipal_server_meets_one_of_our_tasks_at_a_time(county):
    assert set(county["slots"].values()) == {1}
    for dag_id, dag in landing_dags(county).items():
        pools = {task["pool"] for task in dag["tasks"].values()}
        assert pools == {"source_" + next(tag for tag in dag["tags"] if tag.startswith("source:"))[7:]}, dag_id


def test_the_warehouse_has_one_writer(county):
    writers = {
        (dag_id, task_id)
        for dag_id, dag in county["dags"].items()
        for task_id, task in dag["tasks"].items()
        if task["pool"] == "warehouse_writer"
    }
    # One slot: the build and the retention, which builds anew, wait for one another.
    assert writers == {("build_county", "build_warehouse"), ("enforce_retention", "remove_expired")}


def test_every_source_tells_the_county_that_its_night_is_over(county):
    """The last task runs whatever came of the others: a silent source must not hold the county."""
    told = set()
    for dag_id, dag in landing_dags(county).items():
        (settle,) = [task for task in dag["tasks"].values() if task["outlets"]]
        assert settle["trigger_rule"] in WHATEVER_HAPPENED, dag_id
        told |= set(settle["outlets"])
    assert told == {f"narvaro://landing/{name}" for name in county["sources"]}
    assert set(county["dags"]["build_county"]["waits_for"]) == told


def test_failed_night_is_a_failed_run(county):
    """A run takes the state of its leaves, teardowns aside: one of them must fail when the night does."""
    for dag_id, dag in landing_dags(county).items():
        teardowns = {task_id for task_id, task in dag["tasks"].items() if task["is_teardown"]}
        leaves = {
            task_id for task_id, task in dag["tasks"].items() if not set(task["downstream"]) - teardowns
        } - teardowns
        strict = {task_id for task_id in leaves if dag["tasks"][task_id]["trigger_rule"] == "all_success"}
        assert strict, f"{dag_id}: every leaf runs whatever happened; a failure would turn the run green"


def test_nobody_waits_for_a_persons_answer(county):
    """Settling hangs on the judgement alone, and the question is put in a run of its own."""
    for dag_id, dag in landing_dags(county).items():
        tasks = dag["tasks"]
        assert tasks["judge_loads"]["downstream"] == ["find_question", "settle_source"], dag_id
        assert tasks["find_question"]["downstream"] == ["ask_person"], dag_id
        assert tasks["ask_person"]["downstream"] == [], dag_id
    decision = county["dags"]["decide_deletions"]
    assert decision["waits_for"] == []
    assert decision["tasks"]["wait_for_person"]["downstream"] == ["carry_out"]
    assert decision["tasks"]["wait_for_person"]["retries"] == 0


def test_letters_go_out_though_the_build_failed(county):
    assert county["dags"]["build_county"]["tasks"]["send_letters"]["trigger_rule"] in WHATEVER_HAPPENED


def test_engineer_is_told_of_every_task_that_fails(county):
    for dag_id, dag in county["dags"].items():
        for task_id, task in dag["tasks"].items():
            assert task["told_when_failed"] == ["tell_task_failure"], f"{dag_id}.{task_id}"


def test_engineer_is_told_of_every_run_that_failed_without_a_word(county):
    ended = {dag_id: dag["told_when_ended"] for dag_id, dag in county["dags"].items()}
    # A question may wait for its answer for as long as that takes.
    assert ended.pop("decide_deletions") is None
    assert {tuple(told) for told in ended.values()} == {("tell_run_failure",)}


def test_county_alone_has_a_deadline(county):
    deadlines = {dag_id: dag["deadline"] for dag_id, dag in county["dags"].items() if dag["deadline"]}
    assert deadlines == {"build_county": [f"TimeOfDay(clock='07:00:00', timezone='{county['timezone']}')"]}


def test_tasks_end_and_are_tried_again_by_policy(county):
    for dag_id, dag in county["dags"].items():
        # A question may wait for a day; those of other sources do not wait for its answer.
        assert dag["max_active_runs"] == (64 if dag_id == "decide_deletions" else 1), dag_id
        assert not dag["catchup"], f"{dag_id}: a start date must not summon old nights"
        for task_id, task in dag["tasks"].items():
            assert task["has_policy"], f"{dag_id}.{task_id}"
            assert task["has_timeout"], f"{dag_id}.{task_id}"


def test_each_of_our_errors_is_retried_or_not_as_it_deserves(county):
    actions = {name: found["action"] for name, found in county["decisions"].items() if name != "KeyError"}
    assert actions == {name: "retry" if name in RETRIED else "fail" for name in actions}


def test_source_that_asks_us_to_wait_gets_the_longer_wait(county):
    assert county["decisions"]["SourceBusyError"]["delay"] == county["delays"]["busy"]
    assert county["decisions"]["SourceError"]["delay"] == county["delays"]["silent"]
    assert county["delays"]["busy"] > county["delays"]["silent"]


def test_killed_task_is_tried_again_as_soon_as_a_silent_source(county):
    """Nobody is left to ask the policy, and Airflow's own delay would be five minutes."""
    delays = {task["retry_delay"] for dag in county["dags"].values() for task in dag["tasks"].values()}
    assert delays == {county["delays"]["silent"]}


def test_error_that_is_not_ours_is_left_to_airflow(county):
    assert county["decisions"]["KeyError"]["action"] == "default"
