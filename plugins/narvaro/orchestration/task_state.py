"""The checkpoint of a long walk in Airflow's own task state, so that the next try goes on from it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from airflow.sdk.crypto import get_fernet
from airflow.sdk.exceptions import AirflowRuntimeError
from cryptography.fernet import InvalidToken

from narvaro.landing.checkpoint import Checkpoint

if TYPE_CHECKING:
    from pydantic import JsonValue

_SEALED = "checkpoint"
_PROGRESS = "progress"
# A walk is never taken up in another night: its page tokens are long dead by then.
_KEPT = timedelta(days=1)

_log = logging.getLogger(__name__)


class TaskStateStore(Protocol):
    """What we use of `context["task_state_store"]`."""

    def get(self, key: str, default: JsonValue = None) -> JsonValue:
        """Give what is kept under a key."""

    def set(self, key: str, value: JsonValue, *, retention: timedelta | None = None) -> None:
        """Keep a value under a key, for so long."""

    def delete(self, key: str) -> None:
        """Forget a key."""


@dataclass(frozen=True, slots=True)
class TaskStateCheckpoints:
    """Keeps one checkpoint through the tries of one task; Airflow drops it after a day.

    The whole is sealed with Airflow's Fernet key, for a page token is the vendor's and may hold anything.
    What the run's page may show, how far the walk has come, stands beside it in the clear.
    """

    store: TaskStateStore

    def load(self) -> dict[str, Any] | None:
        """Give the checkpoint of an earlier try, None where there is none that we can read."""
        sealed = None
        with _not_worth_a_night():
            sealed = self.store.get(_SEALED)
        if not isinstance(sealed, str):
            return None
        try:
            found = json.loads(get_fernet().decrypt(sealed.encode("ascii")))
        except (InvalidToken, ValueError):
            # The key was changed meanwhile: the night is read from its beginning, which is always right.
            return None
        return found if isinstance(found, dict) else None

    def save(self, checkpoint: dict[str, Any]) -> None:
        """Keep the checkpoint in place of the one before."""
        fernet = get_fernet()
        sealed = fernet.encrypt(json.dumps(checkpoint).encode("utf-8")).decode("ascii")
        with _not_worth_a_night():
            # Without a key Airflow seals nothing: then only the landing folder keeps the place.
            if fernet.is_encrypted:
                self.store.set(_SEALED, sealed, retention=_KEPT)
            self.store.set(_PROGRESS, _progress(checkpoint), retention=_KEPT)

    def clear(self) -> None:
        """Forget the checkpoint: the night has landed, or begins anew."""
        with _not_worth_a_night():
            self.store.delete(_SEALED)
            self.store.delete(_PROGRESS)


@contextmanager
def _not_worth_a_night() -> Iterator[None]:
    """Go on when Airflow cannot keep a checkpoint: the rows land all the same, and the folder keeps one too."""
    try:
        yield
    except AirflowRuntimeError as error:
        _log.warning("Airflow's task state did not answer (%s); going on without it", type(error).__name__)


def _progress(plain: dict[str, Any]) -> dict[str, JsonValue]:
    """Say how far a checkpoint has come, in what anybody who sees the run may see."""
    checkpoint = Checkpoint.from_dict(plain)
    if checkpoint is None:
        return {}
    resource, page = (checkpoint.walk[0], checkpoint.walk[2]) if checkpoint.walk else (None, None)
    return {
        "complete": [*checkpoint.complete],
        "resource": resource,
        "page": page,
        "rows": {name: sum(part.file.rows for part in of.parts) for name, of in checkpoint.entities.items()},
    }
