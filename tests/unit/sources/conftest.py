from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from school_system import CLIENT_ID, CLIENT_SECRET, SchoolSystem, served

from narvaro.connections import Connection
from narvaro.county import Source
from narvaro.privacy import Key, Pseudonymiser
from narvaro.sources import Patience, connect

UNTIL = datetime(2026, 9, 19, 1, tzinfo=UTC)
SCHOOL_YEAR = (date(2026, 8, 1), date(2027, 6, 30))


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

    def opened(*, password=CLIENT_SECRET, path="/v2.0", extra=None, **changes):
        source = Source(
            **{"name": "0180-exempel", "owner": "2120000142", "base_url": base_url + path, "page_size": 2} | changes
        )
        connection = Connection(
            "narvaro_0180_exempel",
            host=base_url,
            login=CLIENT_ID,
            password=password,
            extra={"token_url": base_url + "/token"} | (extra or {}),
        )
        pseudonymiser = Pseudonymiser(Key(b"k" * 32), source.name, reference_date=date(2026, 9, 19))
        patience = Patience(attempts=3, sleep=waits.append)
        connector = connect(source, connection, pseudonymiser, ZoneInfo("Europe/Stockholm"), patience=patience)
        connectors.append(connector)
        return connector

    yield opened
    for connector in connectors:
        connector.close()


@pytest.fixture
def read_all(opened):
    """Read a whole night; gives the rows of each entity."""

    def read_all(cursors=None, connector=None, **changes):
        tables = defaultdict(list)
        for entity, batch in (connector or opened(**changes)).read(cursors or {}, UNTIL, SCHOOL_YEAR):
            tables[entity] += batch.to_pylist()
        return tables

    return read_all
