from __future__ import annotations

from collections import defaultdict
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from school_system import CLIENT_ID, CLIENT_SECRET, SchoolSystem, served
from wire_server import WireServer, serving

from narvaro.connections import Connection
from narvaro.county import Source
from narvaro.privacy import Key, Pseudonymiser
from narvaro.sources import Anew, Given, Patience, Reading, connect
from narvaro.sources.ss12000.lists import CHANGING
from narvaro.sources.ss12000.opening import open_transport

UNTIL = datetime(2026, 9, 19, 1, tzinfo=UTC)
FIXED_TOKEN = "fast-token"
SCHOOL_YEAR = (date(2026, 8, 1), date(2027, 6, 30))


def readings_after(cursors, overlap):
    """Read every resource by time of change, from the moment of its entities less the overlap."""
    readings = {}
    lists = {resource.path: resource.entities for resource in CHANGING}
    for resource, entities in {**lists, "/deletedEntities": ("deletions",)}.items():
        moments = [cursors.get(entity) for entity in entities]
        readings[resource] = Reading("cursor", min(moments) - overlap if all(moments) else None)
    return readings


@pytest.fixture
def system():
    return SchoolSystem()


@pytest.fixture
def base_url(system):
    with served(system) as url:
        yield url


@pytest.fixture
def waits():
    """The waits that were asked for instead of slept."""
    return []


@pytest.fixture
def opened(base_url, waits):
    """Open a connector on the system; keywords amend its source or, as `extra`, its connection."""
    connectors = []

    def opened(*, login=CLIENT_ID, password=CLIENT_SECRET, path="/v2.0", extra=None, capabilities=None, **changes):
        # What is asked for once more is a test's own matter.
        own = {"name": "0180-exempel", "owner": "2120000142", "plan": {"look_twice": False}}
        source = Source(**own | {"base_url": base_url + path, "page_size": 2} | changes)
        connection = Connection(
            "narvaro_0180_exempel",
            host=base_url,
            login=login,
            password=password,
            extra={"token_url": base_url + "/token"} | (extra or {}),
        )
        pseudonymiser = Pseudonymiser(Key(b"k" * 32), source.name, reference_date=date(2026, 9, 19))
        patience = Patience(attempts=3, sleep=waits.append)
        connector = connect(
            source,
            connection,
            pseudonymiser,
            ZoneInfo("Europe/Stockholm"),
            patience=patience,
            capabilities=capabilities,
        )
        connectors.append(connector)
        return connector

    yield opened
    for connector in connectors:
        connector.close()


@pytest.fixture
def read_all(opened):
    """Read a whole night; gives the rows of each entity."""

    def read_all(cursors=None, connector=None, readings=None, control_span=None, **changes):
        connector = connector or opened(**changes)
        overlap = timedelta(minutes=changes.get("overlap_minutes", 15))
        readings = readings_after(cursors or {}, overlap) | (readings or {})
        tables = defaultdict(list)
        for step in connector.read(readings, UNTIL, SCHOOL_YEAR, control_span=control_span):
            if isinstance(step, Given):
                tables[step.entity] += step.batch.to_pylist()
            elif isinstance(step, Anew):
                # These tests keep no parts: in them only whole entities begin anew.
                for entity in step.entities:
                    tables[entity].clear()
        return tables

    return read_all


@pytest.fixture
def wire():
    """A server of bare answers."""
    with serving(WireServer()) as server:
        yield server


@pytest.fixture
def wired(wire, waits):
    """Open a transport to the server of bare answers; keywords amend its source or its connection."""
    with ExitStack() as stack:

        def wired(*, login="", password=FIXED_TOKEN, extra=None, manners=None, attempts=3, **changes):
            source = Source(**{"name": "0180-exempel", "owner": "2120000142", "timeout_seconds": 5} | changes)
            connection = Connection("narvaro_x", wire.url, login, password, extra=extra or {})
            patience = Patience(attempts=attempts, sleep=waits.append)
            transport = open_transport(source, connection, patience=patience, manners=manners)
            stack.callback(transport.close)
            return transport

        yield wired
