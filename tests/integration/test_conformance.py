"""What a vendor learns of its server, and the county of its sources, over real HTTP."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from command_line import narvaro
from simulated_line import SCALE, simulated_line

from narvaro.errors import SourceDeniedError
from narvaro.orchestration.findings import examine_sources
from narvaro.orchestration.landing_steps import land
from narvaro.orchestration.probing import (
    PROBE_EVERY,
    PROBE_EVERY_WHEN_ABSENT,
    probe_source,
    probe_when_due,
    standing_changes,
)
from narvaro.settings import PROJECT_DIR
from narvaro.simulator import Fault
from narvaro.simulator.wire.authority import Authority
from narvaro.sources import Patience
from narvaro.sources.ss12000.probe.conformance import Report, examine
from narvaro.sources.ss12000.probe.report import markdown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulated_line import SimulatedLine

SOURCE = "1060-olofstrom"
DOCUMENT = PROJECT_DIR.parent / "shared" / "ss12000" / "openapi_2_1_0.yaml"
IMPATIENT = Patience(attempts=2, sleep=lambda _: None)

# What goes wrong at the server, and the check that must not pass.
HABITS = [
    ({"kind": "forgets_filters"}, "paging.token:/attendances", "warn"),
    ({"kind": "wants_filters", "shape": "all"}, "paging.token:/attendances", "warn"),
    ({"kind": "same_page"}, "paging.walk:/attendances", "fail"),
    ({"kind": "endless_tokens"}, "paging.walk:/persons", "fail"),
    ({"kind": "duplicate_rows", "resource": "groups"}, "paging.walk:/groups", "fail"),
    ({"kind": "expired_token", "status": 410}, "paging.token:/attendances", "fail"),
    ({"kind": "ignores_limit"}, "paging.limit:/attendances", "warn"),
    ({"kind": "ignores_filters"}, "filter.meta.modified.after:/attendances", "fail"),
    ({"kind": "ignores_offset"}, "filter.offset", "warn"),
    ({"kind": "ignores_expand"}, "window.expand-attendance", "warn"),
    ({"kind": "no_meta", "resource": "attendances"}, "row.meta:/attendances", "fail"),
    ({"kind": "naive_times"}, "time.offset:/calendarEvents", "warn"),
    ({"kind": "modified_is_start"}, "time.modified-is-start", "fail"),
    ({"kind": "wrong_header"}, "row.shape:/attendances", "fail"),
    ({"kind": "stripped", "resource": "persons", "fields": ["civicNo"]}, "row.attributes:/persons", "warn"),
    ({"kind": "flat_deletions"}, "deletions.shape", "warn"),
    ({"kind": "deletions_404"}, "deletions.shape", "warn"),
    ({"kind": "no_date_header"}, "header.date", "warn"),
    ({"kind": "names_unasked"}, "privacy.names-unasked", "warn"),
    ({"kind": "not_served", "resource": "attendances"}, "list.served:/attendances", "fail"),
    ({"kind": "forbidden", "resource": "grades"}, "list.served:/grades", "warn"),
]


@pytest.fixture(scope="module")
def county_line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedLine]:
    with simulated_line(tmp_path_factory.mktemp("probed") / "home", scale=SCALE, faults=()) as line:
        yield line


@pytest.fixture
def server(county_line: SimulatedLine) -> Iterator[SimulatedLine]:
    yield county_line
    county_line.simulator.servers.faults = ()


def plant(line: SimulatedLine, **fault: object) -> None:
    line.simulator.servers.faults = (Fault.model_validate({"source": SOURCE, **fault}),)


def examined(line: SimulatedLine, **options) -> Report:
    source = line.line.county.source(SOURCE)
    return examine(line.line.find_connection(source.conn_id), patience=IMPATIENT, **options)


def outcomes(report: Report) -> dict[str, str]:
    return {check.check_id: check.outcome for check in report.checks}


def test_server_that_keeps_to_the_standard_can_be_connected(server):
    report = examined(server)
    # The simulated day is not ours, so small a world deletes nothing, and the simulator does not compress.
    assert {name for name, outcome in outcomes(report).items() if outcome in ("fail", "warn")} <= {
        "header.clock",
        "header.compression",
        "deletions.shape",
    }
    assert report.is_conforming
    assert report.counts["pass"] > 100


def test_rows_are_held_against_the_document_that_the_vendor_brings(server):
    if not DOCUMENT.is_file():
        pytest.skip("the SS 12000 document is not beside the project: nothing to hold rows against")
    assert outcomes(examined(server, document=DOCUMENT))["document:/attendances"] == "pass"
    plant(server, kind="wrong_header")
    check = next(c for c in examined(server, document=DOCUMENT).checks if c.check_id == "document:/attendances")
    assert (check.outcome, "lacks isReported" in check.seen) == ("warn", True)


@pytest.mark.parametrize(("fault", "check_id", "outcome"), HABITS, ids=lambda part: str(part)[:60])
def test_habit_is_found_out(server, fault, check_id, outcome):
    plant(server, **fault)
    report = examined(server)
    assert outcomes(report)[check_id] == outcome
    assert report.is_conforming == (outcome != "fail")
    check = next(check for check in report.checks if check.check_id == check_id)
    assert check.seen
    assert check.todo


def test_report_holds_no_value_of_anybodys_data(server):
    plant(server, kind="names_unasked")
    report = examined(server)
    text = markdown(report) + json.dumps(report.to_dict(), ensure_ascii=False)
    rows = rows_of(server, "persons") + rows_of(server, "attendances")
    words = {word for row in rows for word in values(row) if len(word) > 5}
    assert len(words) > 100
    assert not {word for word in words if word in text} - {"Kvinna", "Sverige"}


def rows_of(line: SimulatedLine, resource: str) -> list[dict]:
    base = f"{line.simulator.base_url}/{SOURCE}"
    form = {"grant_type": "client_credentials", "client_id": SOURCE}
    form["client_secret"] = Authority(line.simulator.secret).client_secret(SOURCE)
    token = httpx.post(f"{base}/token", data=form).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{base}/v2.0/{resource}", params={"limit": 50}, headers=headers).json()["data"]


def values(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        for inner in part.values():
            yield from values(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from values(inner)
    elif isinstance(part, str):
        yield part


def test_server_that_lets_nobody_in_cannot_be_examined(server):
    plant(server, kind="forbidden")
    with pytest.raises(SourceDeniedError):
        examined(server)


def test_vendor_tests_itself_from_the_command_line(server, tmp_path):
    base = f"{server.simulator.base_url}/{SOURCE}"
    secret, output = Authority(server.simulator.secret).client_secret(SOURCE), tmp_path / "report.json"
    options = ("--token-url", f"{base}/token", "--client-id", SOURCE, "--format", "json", "--output", str(output))
    done = narvaro(server.env, "conformance", f"{base}/v2.0", *options, stdin=secret)
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(output.read_text(encoding="utf-8"))
    assert report["is_conforming"] is True
    assert secret not in output.read_text(encoding="utf-8")

    plant(server, kind="same_page")
    done = narvaro(server.env, "conformance", f"{base}/v2.0", *options[:4], stdin=secret)
    assert done.returncode == 1
    assert "## Must be mended" in done.stdout

    done = narvaro(server.env, "conformance", f"{base}/v2.0", stdin="")
    assert (done.returncode, "standard input" in done.stderr) == (2, True)
    done = narvaro(server.env, "conformance", f"{base}/v2.0", *options[:4], stdin="wrong")
    assert (done.returncode, "wrong" in done.stderr) == (3, False)


def test_source_is_probed_before_its_first_night_and_again_after_a_week(server):
    line, name = server.line, "1082-karlshamn"
    server.simulator.set_clock(line.county.night_bound_at(server.night))
    assert land(line, name, server.night).status == "landed"
    first = line.ledger.capabilities(name)
    assert first is not None
    assert first.capabilities["resources"]["/attendances"]["access"] == "served"
    probe_when_due(line, name)
    assert line.ledger.capabilities(name) == first
    long_ago = datetime.now(UTC) - PROBE_EVERY - timedelta(hours=1)
    name = "1081-ronneby"
    line.ledger.record_capabilities(name, first.capabilities, first.fingerprint, long_ago)
    probe_when_due(line, name)
    assert line.ledger.capabilities(name).probed_at > long_ago


def test_changed_source_is_told_until_the_week_has_passed(server):
    found, changes = probe_source(server.line, SOURCE)
    assert (changes, standing_changes(server.line, SOURCE)) == ([], [])
    plant(server, kind="stripped", resource="persons", fields=["civicNo", "sex"])
    stripped, changes = probe_source(server.line, SOURCE)
    assert changes == ["/persons: no longer sent: civicNo, sex"]
    assert stripped.fingerprint() != found.fingerprint()
    assert probe_source(server.line, SOURCE)[1] == []
    assert standing_changes(server.line, SOURCE) == changes
    server.simulator.set_clock(server.line.county.night_bound_at(server.night))
    land(server.line, SOURCE, server.night)
    (told,) = [f for f in examine_sources(server.line, server.night).findings if f.rule == "capability_changed"]
    assert (told.source, told.details["reason"]) == (SOURCE, changes[0])
    server.simulator.servers.faults = ()
    probe_source(server.line, SOURCE)
    assert standing_changes(server.line, SOURCE) == []


def test_list_that_was_not_served_is_looked_for_every_night_and_then_read_whole(server):
    line, name, other = server.line, "1083-solvesborg", "fri-skolalliansen"
    server.simulator.servers.faults = (
        Fault.model_validate({"source": name, "kind": "not_served", "resource": "grades"}),
    )
    without = probe_when_due(line, name)
    assert without.absent == {"/grades"}
    server.simulator.servers.faults = ()
    assert probe_when_due(line, name) == without, "not twice in one night"
    yesterday = datetime.now(UTC) - PROBE_EVERY_WHEN_ABSENT
    line.ledger.record_capabilities(other, without.to_dict(), without.fingerprint(), yesterday)
    assert probe_when_due(line, other).absent == set()
    assert standing_changes(line, other) == ["/grades is served; it was: not served"]
    assert line.ledger.reads(other)["grades", "full"].due_reason == "/grades was not served before"
    assert ("attendances", "full") not in line.ledger.reads(other)


def test_engineer_asks_what_a_source_can_do(server):
    done = narvaro(server.env, "sources", "probe", SOURCE, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)[0]
    assert found["resources"]["/calendarEvents"]["paging"] == "never"
    done = narvaro(server.env, "sources", "probe", "nowhere")
    assert done.returncode == 2
