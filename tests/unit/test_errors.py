"""Errors come back whole from the processes that land sources side by side."""

from __future__ import annotations

import importlib
import pickle
import pkgutil

import pytest

import narvaro
from narvaro.errors import NarvaroError, SourceBusyError

for _module in pkgutil.walk_packages(narvaro.__path__, "narvaro."):
    if not _module.name.startswith(("narvaro.orchestration", "narvaro.ledger.migrations", "narvaro.__main__")):
        importlib.import_module(_module.name)


def family(error: type[NarvaroError]) -> list[type[NarvaroError]]:
    return [error, *(member for child in error.__subclasses__() for member in family(child))]


@pytest.mark.parametrize("error", family(NarvaroError))
def test_error_survives_the_way_between_processes(error: type[NarvaroError]):
    came = pickle.loads(pickle.dumps(error("what came")))  # noqa: S301 - our own
    assert (type(came), str(came)) == (error, "what came")


def test_the_wait_that_a_source_asked_for_survives_too():
    came = pickle.loads(pickle.dumps(SourceBusyError("busy", retry_after_seconds=7)))  # noqa: S301 - our own
    assert came.retry_after_seconds == 7
