"""What a probe found of page tokens is tried first, and believed no further than the server does it."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from school_system import CLIENT_ID, CLIENT_SECRET, an_attendance

from narvaro.connections import Connection
from narvaro.county import Source
from narvaro.privacy import Key, Pseudonymiser
from narvaro.sources import connect
from narvaro.sources.ss12000.paging import Question

QUESTION = Question("/attendances", filters=(("meta.modified.after", "2026-09-01T00:00:00Z"),))


@pytest.fixture
def walked(base_url, system):
    """Read /attendances with what a probe found; gives the rows and how many requests they took."""
    system.rows["/attendances"] = [an_attendance(str(number)) for number in range(5)]

    def walked(paging, **changes):
        source = Source(
            **{"name": "0180-exempel", "owner": "2120000142", "base_url": base_url + "/v2.0", "page_size": 2} | changes
        )
        connection = Connection("x", base_url, CLIENT_ID, CLIENT_SECRET, extra={"token_url": base_url + "/token"})
        pseudonymiser = Pseudonymiser(Key(b"k" * 32), source.name, reference_date=date(2026, 9, 19))
        found = {"resources": {"/attendances": {"access": "served", "paging": paging}}}
        with connect(source, connection, pseudonymiser, ZoneInfo("Europe/Stockholm"), capabilities=found) as connector:
            rows = sum(page.body.count(b'"isReported"') for page in connector.reader.walker.walk(QUESTION))
        return rows, len(system.requests_of("/attendances"))

    return walked


def test_way_that_the_probe_found_needs_no_second_try(walked, system):
    system.wanted_filters = "always"
    assert walked("always") == (5, 3)


@pytest.mark.parametrize("paging", ["never", "required_only", "unsafe", None])
def test_way_that_the_server_no_longer_takes_is_only_tried(walked, system, paging):
    system.wanted_filters = "always"
    rows, requests = walked(paging)
    assert rows == 5
    assert requests > 3


def test_source_that_is_told_what_to_send_is_believed_before_the_probe(walked, system):
    system.wanted_filters = "never"
    assert walked("always", resend_filters="never") == (5, 3)
