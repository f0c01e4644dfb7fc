"""Faults can be mixed in any way: the servers answer as planted, and never stumble themselves."""

from __future__ import annotations

from datetime import timedelta

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simulator_wire import LISTS, bearer

from narvaro.simulator import FAULT_KINDS, Fault
from narvaro.simulator.fault_kinds import BUILT, LASTING, SHAPES
from narvaro.simulator.wire.lookup import RESOURCES

SOURCE = "1080-karlskrona"
ASKED = {**LISTS, "deletedEntities": {}, "aggregatedAttendance": {"startDate": "2026-09-07", "endDate": "2026-09-13"}}
# It waits, and shows nothing else.
MIXED = sorted(set(FAULT_KINDS) - set(BUILT) - {"slow"})
_PAGES = 3


@st.composite
def faults(draw):
    """Give one fault of any kind, at any requests."""
    kind = draw(st.sampled_from(MIXED))
    content = {"source": SOURCE, "kind": kind, "rows": draw(st.integers(1, 60)), "share": draw(st.floats(0, 1))}
    if kind in SHAPES:
        content["shape"] = draw(st.sampled_from(SHAPES[kind]))
    if kind in LASTING:
        content["resource"] = draw(st.sampled_from(RESOURCES))
    else:
        content["from_request"] = draw(st.integers(1, 4))
        content["times"] = draw(st.one_of(st.none(), st.integers(1, 3)))
        content["resource"] = draw(st.one_of(st.none(), st.sampled_from(sorted(ASKED))))
    return Fault.model_validate(content)


def statuses(client, headers, resource):
    """Ask for some pages; give what came."""
    found, parameters = [], {**ASKED[resource], "limit": 40}
    for _ in range(_PAGES):
        try:
            answer = client.get(f"/{SOURCE}/v2.0/{resource}", params=parameters, headers=headers)
            body = answer.json() if answer.status_code == 200 else {}
        except (httpx.RemoteProtocolError, ValueError):
            return found
        found.append((answer.status_code, answer.text[:40]))
        if not body.get("pageToken"):
            break
        parameters = {"limit": 40, "pageToken": body["pageToken"]}
    return found


def looked_up(client, headers, resource):
    """Look up no object of a list; give what came."""
    if resource not in RESOURCES:
        return []
    try:
        answer = client.post(f"/{SOURCE}/v2.0/{resource}/lookup", json={"ids": ["x"]}, headers=headers)
    except httpx.RemoteProtocolError:
        return []
    return [(answer.status_code, answer.text[:40])]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    planted=st.lists(faults(), min_size=1, max_size=6),
    resource=st.sampled_from(sorted(ASKED)),
    hours=st.integers(0, 80),
)
def test_servers_never_stumble_over_their_faults(client, simulator, planted, resource, hours):
    simulator.servers.faults = ()
    simulator.set_clock(simulator.servers.world.night_bound(1) + timedelta(hours=hours))
    headers = bearer(client, SOURCE)
    simulator.servers.faults = planted
    may_fail = any(fault.kind == "server_error" for fault in planted)
    for status, text in statuses(client, headers, resource) + looked_up(client, headers, resource):
        assert text != "Internal Server Error"
        assert status != 500 or may_fail
