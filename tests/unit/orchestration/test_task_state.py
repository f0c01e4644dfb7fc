"""The checkpoint in Airflow's task state: whole for the next try, sealed for everybody else."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse
from cryptography.fernet import Fernet

from narvaro.landing.checkpoint import Checkpoint, Part, StagedEntity
from narvaro.landing.manifest import LandedFile
from narvaro.orchestration import task_state
from narvaro.orchestration.task_state import TaskStateCheckpoints

TOKEN = "token-that-holds-anything"


class TaskState:
    """A task state store, as Airflow gives one in the context of a task."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}
        self.retentions: list[timedelta | None] = []

    def get(self, key: str, default: Any = None) -> Any:
        return self.kept.get(key, default)

    def set(self, key: str, value: Any, *, retention: timedelta | None = None) -> None:
        # Airflow keeps JSON and refuses a null.
        assert value is not None
        self.kept[key] = json.loads(json.dumps(value))
        self.retentions.append(retention)

    def delete(self, key: str) -> None:
        self.kept.pop(key, None)


class Key(Fernet):
    """A key as Airflow gives one."""

    is_encrypted = True


class NoKey:
    """What Airflow gives where no key is set."""

    is_encrypted = False

    def encrypt(self, text: bytes) -> bytes:
        return text

    def decrypt(self, text: bytes) -> bytes:
        return text


@pytest.fixture
def store() -> TaskState:
    return TaskState()


@pytest.fixture(autouse=True)
def fernet(monkeypatch: pytest.MonkeyPatch):
    """Airflow's key, and a way to change it."""

    def renew(key: object = None) -> None:
        chosen = key or Key(Fernet.generate_key())
        monkeypatch.setattr(task_state, "get_fernet", lambda: chosen)

    renew()
    return renew


@pytest.fixture
def checkpoint() -> dict[str, Any]:
    part = Part(LandedFile("part-0000.parquet", 250_000, 9_000_000, "ab" * 32), "/attendances", 0)
    return Checkpoint(
        rests_on={"/attendances": None},
        complete=("/organisations", "/persons"),
        walk=("/attendances", TOKEN, 251),
        server_date=None,
        entities={"attendances": StagedEntity("20260919-x-attendances-abcdef", parts=(part,))},
    ).to_dict()


def test_next_try_finds_what_was_saved(store: TaskState, checkpoint: dict[str, Any]):
    TaskStateCheckpoints(store).save(checkpoint)
    found = TaskStateCheckpoints(store).load()
    assert Checkpoint.from_dict(found) == Checkpoint.from_dict(json.loads(json.dumps(checkpoint)))
    assert found["walk"] == ["/attendances", TOKEN, 251]


def test_page_token_is_not_kept_in_the_clear(store: TaskState, checkpoint: dict[str, Any]):
    TaskStateCheckpoints(store).save(checkpoint)
    assert TOKEN not in json.dumps(store.kept)
    assert TOKEN not in repr(TaskStateCheckpoints(store))


def test_page_token_stays_out_of_an_airflow_without_a_key(store: TaskState, checkpoint: dict[str, Any], fernet):
    fernet(NoKey())
    TaskStateCheckpoints(store).save(checkpoint)
    assert set(store.kept) == {"progress"}
    assert TaskStateCheckpoints(store).load() is None


def test_run_page_shows_how_far_the_walk_has_come(store: TaskState, checkpoint: dict[str, Any]):
    TaskStateCheckpoints(store).save(checkpoint)
    assert store.kept["progress"] == {
        "complete": ["/organisations", "/persons"],
        "resource": "/attendances",
        "page": 251,
        "rows": {"attendances": 250_000},
    }


def test_checkpoint_is_dropped_with_its_night(store: TaskState, checkpoint: dict[str, Any]):
    TaskStateCheckpoints(store).save(checkpoint)
    assert all(retention is not None and retention <= timedelta(days=1) for retention in store.retentions)


def test_nothing_is_left_after_the_landing(store: TaskState, checkpoint: dict[str, Any]):
    checkpoints = TaskStateCheckpoints(store)
    checkpoints.save(checkpoint)
    checkpoints.clear()
    assert store.kept == {}
    assert checkpoints.load() is None


def test_first_try_begins_at_the_beginning(store: TaskState):
    assert TaskStateCheckpoints(store).load() is None


def test_checkpoint_of_another_key_is_no_checkpoint(store: TaskState, checkpoint: dict[str, Any], fernet):
    TaskStateCheckpoints(store).save(checkpoint)
    fernet()
    assert TaskStateCheckpoints(store).load() is None


def test_landing_goes_on_when_airflow_cannot_keep_its_place(
    store: TaskState, checkpoint: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: Any, **__: Any) -> Any:
        raise AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR))

    for name in ("get", "set", "delete"):
        monkeypatch.setattr(store, name, refuse)
    checkpoints = TaskStateCheckpoints(store)
    checkpoints.save(checkpoint)
    assert checkpoints.load() is None
    checkpoints.clear()


@pytest.mark.parametrize("found", ["not sealed", "å", 7, {"a": 1}, ""])
def test_what_somebody_else_has_written_there_is_no_checkpoint(store: TaskState, found: Any):
    store.kept["checkpoint"] = found
    assert TaskStateCheckpoints(store).load() is None
