"""The real deployment, proved without a Docker engine: every service's very command runs and is healthy.

PostgreSQL is an embedded server of the same version, Redis is Debian's. One Airflow for all tests here:
they share its worker of pytest-xdist.
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg2
import pytest
from composed import ROOT
from composed_stack import AIRFLOW, Stack, running_stack, wait_for_end

from narvaro.county import load_county
from narvaro.ledger import Ledger
from narvaro.orchestration.pools import pools
from narvaro.settings import Settings

pytestmark = pytest.mark.xdist_group("deployment")


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running_stack() as running:
        yield running


@pytest.fixture(scope="module")
def airflow(stack: Stack) -> Stack:
    """Give the stack with Airflow prepared by airflow-init and its five services healthy."""
    prepared = stack.run("airflow-init")
    assert prepared.returncode == 0, prepared.stderr[-2000:]
    stack.start(*AIRFLOW)
    return stack


def query(url: str, statement: str) -> list[tuple]:
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def test_databases_can_be_made_again(stack: Stack):
    again = stack.run("postgres", str(ROOT / "deploy/postgres/10-databases.sh"))
    assert again.returncode == 0, again.stderr


def test_a_rotated_password_replaces_the_old_one(stack: Stack):
    old = stack.database_url("narvaro_ledger", "ledger", "ledger_password")
    assert query(old, "select 1") == [(1,)]
    (stack.places.folder / "secrets" / "ledger_password").write_text('it\'s "new" \\ $HOME\n', encoding="utf-8")
    stack.run("postgres", str(ROOT / "deploy/postgres/10-databases.sh"))
    with pytest.raises(psycopg2.OperationalError, match="authentication failed"):
        query(old, "select 1")
    worker = Settings.from_env(stack.environment("airflow-worker"))
    assert Ledger.open(worker.ledger_url).nights() == []


def test_bi_reader_reads_what_is_published_and_changes_nothing(stack: Stack):
    worker = Settings.from_env(stack.environment("airflow-worker"))
    assert worker.published_url is not None
    publisher = worker.published_url.replace("postgresql+psycopg2", "postgresql")
    query(publisher, "create table narvaro.county_absence_by_term (pupils_count bigint)")
    reader = stack.database_url("narvaro_reader", "published", "published_reader_password")
    assert query(reader, "select count(*) from narvaro.county_absence_by_term") == [(0,)]
    with pytest.raises(psycopg2.Error, match=r"read-only|permission denied"):
        query(reader, "insert into narvaro.county_absence_by_term values (1)")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        query(reader, "set transaction read write; create table public.mine (x int)")
    query(publisher, "drop table narvaro.county_absence_by_term")


@pytest.mark.parametrize(
    ("role", "password_file"),
    [("narvaro_reader", "published_reader_password"), ("narvaro_publisher", "published_password")],
)
@pytest.mark.parametrize("database", ["ledger", "airflow"])
def test_no_role_enters_another_database(stack: Stack, role: str, password_file: str, database: str):
    with pytest.raises(psycopg2.OperationalError, match="permission denied"):
        query(stack.database_url(role, database, password_file), "select 1")


def test_redis_turns_away_who_does_not_know_the_password(stack: Stack):
    (stack.places.folder / "wrong").mkdir()
    (stack.places.folder / "wrong" / "redis_password").write_text("wrong", encoding="utf-8")
    env = stack.environment("redis") | {"SECRETS_DIR": str(stack.places.folder / "wrong")}
    assert stack.run("redis", *stack.places.health_command("redis")).returncode == 0
    assert stack.run(
        "redis", "env", f"SECRETS_DIR={env['SECRETS_DIR']}", *stack.places.health_command("redis")
    ).returncode


@pytest.mark.parametrize("name", ["simulator", "mail-catcher", "report", "web"])
def test_service_starts_by_its_command_and_reports_healthy(stack: Stack, name: str):
    assert not stack.is_healthy(name)
    stack.start(name)


def test_demo_connections_name_every_source_and_the_mail_server(stack: Stack):
    made = stack.run("simulator", str(ROOT / "deploy/demo-connections"))
    assert made.returncode == 0, made.stderr
    county = load_county(ROOT / "config/blekinge")
    for source in county.sources.values():
        assert f'"{source.conn_id}"' in made.stdout
    assert '"host": "mail-catcher"' in made.stdout


def test_airflow_has_the_pools_of_the_county(airflow: Stack):
    county = load_county(ROOT / "config/blekinge")
    with airflow.airflow_api() as api:
        found = {
            pool["name"]: pool["slots"] for pool in api.get("/api/v2/pools", params={"limit": 100}).json()["pools"]
        }
    assert {name: found.get(name) for name in pools(county)} == dict.fromkeys(pools(county), 1)


def test_task_goes_through_celery_with_the_workers_secrets(airflow: Stack):
    with airflow.airflow_api() as api:
        run = {"dag_run_id": "proof", "logical_date": None}
        airflow.processes.wait_until(
            lambda: api.get("/api/v2/dags/probe").is_success, what="the probe's DAG", timeout_seconds=60
        )
        api.post("/api/v2/dags/probe/dagRuns", json=run).raise_for_status()
        assert wait_for_end(api, "probe", "proof", timeout_seconds=90) == "success"
        path = "/api/v2/dags/probe/dagRuns/proof/taskInstances/find_connection"
        assert api.get(path).json()["pool"] == "warehouse_writer"
        value = api.get(f"{path}/xcomEntries/return_value").json()["value"]
    assert value.strip('"') == "https://probe.example.se"


def test_worker_health_check_fails_without_its_worker(airflow: Stack):
    check = airflow.places.health_command("airflow-worker")
    another_host = "import socket; socket.gethostname = lambda: 'elsewhere'; "
    code = another_host + "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0])"
    elsewhere = airflow.run("airflow-worker", "python", "-c", code, *check)
    assert elsewhere.returncode == 1
    assert "does not answer" in elsewhere.stderr
