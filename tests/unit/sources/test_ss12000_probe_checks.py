"""What a conformance report makes of what was seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
from probed_server import BASE_URL, CANARY, ProbedServer

from narvaro.sources import Patience
from narvaro.sources.ss12000.probe import Capabilities, ResourceFacts
from narvaro.sources.ss12000.probe.check import Check, critical, warning
from narvaro.sources.ss12000.probe.checks_doors import checks_of_doors
from narvaro.sources.ss12000.probe.checks_lists import checks_of_lists
from narvaro.sources.ss12000.probe.checks_rows import checks_of_rows
from narvaro.sources.ss12000.probe.conformance import Report
from narvaro.sources.ss12000.probe.evidence import MOST_QUESTIONS, Evidence, gather
from narvaro.sources.ss12000.probe.report import markdown
from narvaro.sources.ss12000.probe.wire_log import WireLog
from narvaro.sources.ss12000.transport import Transport

REFUSED = {"page token": "refused", "id": "not_served", "list": "not_served"}


def evidence(**changes) -> Evidence:
    log = WireLog("https://skola.example/v2.0", json_pages=9, dated=9, compressed=9)
    log.statuses[200] = 9
    return replace(Evidence(Capabilities({}, clock="in_step"), {}, log, 401, 401, (), REFUSED), **changes)


def outcomes(checks) -> dict[str, str]:
    return {check.check_id: check.outcome for check in checks}


def gathered(server: ProbedServer) -> Evidence:
    client = server.client()
    log = WireLog(BASE_URL)
    client.event_hooks["response"].append(log.note)
    transport = Transport("the server", BASE_URL, client, Patience(attempts=2, sleep=lambda _: None))
    return gather(transport, log, server.client(), page_size=100)


@pytest.mark.parametrize(
    ("make", "is_met", "outcome"),
    [
        (critical, False, "fail"),
        (warning, False, "warn"),
        (critical, None, "skipped"),
        (warning, None, "skipped"),
        (critical, True, "pass"),
        (warning, True, "pass"),
    ],
)
def test_what_is_not_met_fails_or_warns_and_what_was_not_tried_does_neither(make, is_met, outcome):
    check = make("a.check", is_met, "seen", "todo")
    assert check.outcome == outcome
    assert (check.todo == "todo") == (outcome in ("fail", "warn"))


def test_server_behind_a_good_door_passes():
    assert set(outcomes(checks_of_doors(evidence())).values()) == {"pass"}


@pytest.mark.parametrize(
    ("change", "check_id", "outcome"),
    [
        ({"door_without_token": 200}, "door.no-token", "fail"),
        ({"door_with_wrong_token": 200}, "door.wrong-token", "fail"),
        ({"door_without_token": None}, "door.no-token", "skipped"),
        ({"strange": REFUSED | {"page token": "answered"}}, "error.unknown-token", "fail"),
        ({"strange": REFUSED | {"id": "answered"}}, "error.unknown-id", "warn"),
        ({"log": WireLog("http://skola.example/v2.0")}, "door.tls", "fail"),
        ({"log": WireLog("http://127.0.0.1:8080/v2.0")}, "door.tls", "pass"),
        ({"capabilities": Capabilities({}, clock="behind")}, "header.clock", "warn"),
        ({"capabilities": Capabilities({})}, "header.clock", "skipped"),
    ],
)
def test_bad_door_is_told(change, check_id, outcome):
    assert outcomes(checks_of_doors(evidence(**change)))[check_id] == outcome


@pytest.mark.parametrize(
    ("ways", "paging", "outcome"),
    [
        ({"never": "accepted"}, "never", "pass"),
        ({"never": "refused", "required_only": "accepted"}, "required_only", "warn"),
        ({"never": "forgets", "always": "accepted"}, "always", "warn"),
        ({"never": "forgets", "always": "forgets"}, "unsafe", "fail"),
        ({"never": "refused", "always": "refused"}, None, "fail"),
        ({}, None, "skipped"),
    ],
)
def test_what_a_token_wants_is_judged(ways, paging, outcome):
    facts = ResourceFacts("served", paging=paging, token_ways=ways)
    seen = evidence(capabilities=Capabilities({"/attendances": facts}))
    assert outcomes(checks_of_lists(seen))["paging.token:/attendances"] == outcome


def test_list_without_which_there_are_no_figures_must_be_served():
    lists = {"/attendances": ResourceFacts("forbidden"), "/grades": ResourceFacts("not_served")}
    found = outcomes(checks_of_lists(evidence(capabilities=Capabilities(lists))))
    assert (found["list.served:/attendances"], found["list.served:/grades"]) == ("fail", "warn")


def test_whole_examination_asks_no_more_than_it_says():
    server = ProbedServer()
    seen = gathered(server)
    assert len(server.requests) <= MOST_QUESTIONS + 2
    assert {request.method for request in server.requests} == {"GET", "POST"}
    assert all(request.url.path.endswith("/lookup") for request in server.requests if request.method == "POST")
    assert "fail" not in outcomes(checks_of_rows(seen)).values()


def test_protected_persons_who_come_complete_are_told():
    server = ProbedServer()
    server.rows["/persons"][0] |= {"securityMarking": "Skyddad folkbokföring"}
    check = next(check for check in checks_of_rows(gathered(server)) if check.check_id == "privacy.protected")
    assert check.outcome == "warn"
    assert check.seen.startswith("1 of 1 ")


def test_wire_log_counts_what_answers_look_like():
    log = WireLog(BASE_URL)

    def answered(status, path="/organisations", base=BASE_URL, **parts):
        log.note(httpx.Response(status, request=httpx.Request("GET", base + path), **parts))

    answered(200, json={"data": []})
    answered(200, html="<p>hello</p>", headers={"Date": "x"})
    answered(400, json={"code": "bad_request", "message": CANARY})
    answered(404)
    answered(422, json={"detail": [CANARY]})
    answered(502, html=f"<p>{CANARY}</p>")
    answered(401, base="https://other.example", path="/token")
    assert (log.answers, log.json_pages, log.other_pages, log.dated) == (6, 1, 1, 1)
    assert log.error_shapes == {"standard": 1, "empty": 1, "json": 1, "other": 1}
    assert CANARY not in repr(log)


def test_report_puts_first_what_must_be_mended():
    checks = (
        Check("a.pass", "critical", "pass", "well"),
        Check("b.warn", "warning", "warn", "so | so", "mend"),
        Check("c.fail", "critical", "fail", "badly", "mend now"),
        Check("d.skipped", "warning", "skipped", "not tried"),
    )
    report = Report(BASE_URL, datetime(2026, 9, 19, tzinfo=UTC), Capabilities({}), checks)
    text = markdown(report)
    assert text.index("c.fail") < text.index("b.warn") < text.index("a.pass") < text.index("d.skipped")
    assert "so \\| so" in text
    assert not report.is_conforming
    assert report.to_dict()["counts"] == {"fail": 1, "warn": 1, "pass": 1, "skipped": 1}
    assert replace(report, checks=checks[:2]).is_conforming
