"""What we ask of a school system is what the SS 12000 document allows, by the word of a judge that is not ours."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
from prism import Judge, document_path, judging, patched_document

from narvaro.connections import Connection
from narvaro.county import load_county
from narvaro.county.model import Plan
from narvaro.errors import NarvaroError
from narvaro.privacy import Key, Pseudonymiser
from narvaro.simulator import Fault, SimulatorConfig, build_world, connections, running_simulator
from narvaro.sources import ENTITIES, Given, Patience, connect, plan_night
from narvaro.sources.ss12000.opening import open_transport
from narvaro.sources.ss12000.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime

    from narvaro.sources import Connector
    from narvaro.sources.ss12000.plan import Reads

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a secret of the test"
SOURCE = "1080-karlskrona"
# So small that every long resource has several pages, each asked for by its token.
PAGE_SIZE = 100


class LastNight:
    """An entity that was read whole, or by days, the night before: nothing is due."""

    due_reason = None

    def __init__(self, night: date) -> None:
        self.last_night = night - timedelta(days=1)


pytestmark = pytest.mark.xdist_group("judge")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return patched_document(document_path())


@pytest.fixture(scope="module")
def county():
    return load_county(ROOT / "config" / "blekinge")


@pytest.fixture(scope="module")
def world(county):
    return build_world(county, SimulatorConfig(seed=5, scale=300, weeks=3, protected_per_thousand=20))


@pytest.fixture(scope="module")
def simulator(world):
    with running_simulator(world, secret=SECRET, clock=world.night_bound(2)) as running:
        yield running


@pytest.fixture(scope="module")
def upstream(simulator) -> str:
    return f"{simulator.base_url}/{SOURCE}/v2.0"


@pytest.fixture(scope="module")
def prism(document: dict[str, Any], upstream: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    with judging(document, upstream, tmp_path_factory.mktemp("prism")) as judge:
        yield judge


@pytest.fixture
def judge(prism: Judge, monkeypatch: pytest.MonkeyPatch) -> Judge:
    """The judge, with nothing said yet, listening to every client of this process."""
    prism.judgements.clear()
    send = httpx.Client.send

    def heard(client: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        response = send(client, request, **options)
        prism.note(response)
        return response

    monkeypatch.setattr(httpx.Client, "send", heard)
    return prism


@pytest.fixture(params=["never", "required_only"])
def resend_filters(request: pytest.FixtureRequest, simulator) -> Iterator[str]:
    """What goes with a page token: of a required window, the document says both that it must and that it cannot."""
    if request.param == "required_only":
        simulator.servers.faults = (Fault(source=SOURCE, kind="wants_filters", shape="required"),)
    yield request.param
    simulator.servers.faults = ()


@pytest.fixture
def connection(county, simulator, judge: Judge) -> Connection:
    """The source's connection, by way of the judge."""
    conn_id = county.source(SOURCE).conn_id
    entry = connections(county, simulator.base_url, SECRET)[conn_id]
    return Connection(conn_id, host=judge.url, login=entry["login"], password=entry["password"], extra=entry["extra"])


@pytest.fixture
def asking(connection: Connection, resend_filters: str) -> Connection:
    """The connection of a server with one of the two paging contracts."""
    return replace(connection, extra={**connection.extra, "resend_filters": resend_filters})


@pytest.fixture
def opened(county, world, asking: Connection) -> Iterator[Connector]:
    """The source, ready to be read in small pages."""
    source = county.source(SOURCE).model_copy(update={"page_size": PAGE_SIZE})
    pseudonymiser = Pseudonymiser(Key(b"k" * 32), SOURCE, reference_date=night_of(county, world))
    with connect(source, asking, pseudonymiser, county.timezone, patience=Patience(attempts=1)) as connector:
        yield connector


def night_of(county, world) -> date:
    return county.night_of(world.night_bound(2))


@pytest.fixture
def read(county, world, opened: Connector) -> Callable[..., dict[str, int]]:
    """Read the source whole by a plan; gives the rows by entity."""

    def read(cursor: datetime | None = None, reads: Reads | None = None, **plan: Any) -> dict[str, int]:
        night, until = night_of(county, world), world.night_bound(2)
        source = county.source(SOURCE).model_copy(update={"plan": Plan(**plan)})
        planned = plan_night(source, None, dict.fromkeys(ENTITIES, cursor), reads or {}, until, night)
        rows: Counter[str] = Counter()
        school_year = county.school_year_of(night).bounds
        for step in opened.read(planned.readings, until, school_year, control_span=planned.control_span):
            if isinstance(step, Given):
                rows[step.entity] += step.batch.num_rows
        return dict(rows)

    return read


def a_week_before(world) -> datetime:
    return world.night_bound(2) - timedelta(days=7)


def require_clean(judge: Judge, *resources: str) -> int:
    """Demand that nothing was said against us or the simulator, and that these resources were asked for.

    Gives the number of requests that came with their token alone.
    """
    alone = forgive_tokens_alone(judge)
    assert judge.said_against("request") == []
    assert judge.said_against("response") == []
    assert set(resources) <= judge.asked(), judge.asked()
    assert {judgement.status for judgement in judge.judgements} == {200}
    return alone


def forgive_tokens_alone(judge: Judge) -> int:
    """Leave out what is asked by a token alone where the document also demands a window; gives how many."""
    alone = [one for one in judge.judgements if one.has_token_without_window()]
    # What else would be wrong with them is not forgiven.
    assert {violation["code"] for one in alone for violation in one.violations} <= {"required"}
    judge.judgements[:] = [one for one in judge.judgements if one not in alone]
    return len(alone)


def test_first_read_asks_as_the_document_says(judge: Judge, read, resend_filters: str):
    rows = read()
    assert min(rows["attendances"], rows["lessons"]) > PAGE_SIZE
    whole = ("/organisations", "/persons", "/groups", "/activities", "/calendarEvents", "/attendances", "/grades")
    alone = require_clean(judge, *whole)
    assert (alone > 0) == (resend_filters == "never")
    assert sum("pageToken" in one.parameters for one in judge.judgements) > 1


def test_next_read_asks_for_changes_and_deletions_as_the_document_says(judge: Judge, county, world, read):
    reads = {(entity, kind): LastNight(night_of(county, world)) for entity in ENTITIES for kind in ("full", "window")}
    assert read(a_week_before(world), reads)["attendances"]
    require_clean(judge, "/deletedEntities", "/attendances")
    changed = {one.path for one in judge.judgements if "meta.modified.after" in one.parameters}
    assert {"/persons", "/groups", "/calendarEvents", "/attendances"} <= changed


def test_read_by_days_asks_for_lessons_with_their_registers_as_the_document_says(judge: Judge, world, read):
    rows = read(a_week_before(world), attendances="window", lessons="cursor")
    assert rows["attendances"]
    require_clean(judge, "/calendarEvents")
    assert any("expand" in one.parameters for one in judge.judgements)


def test_registers_of_lessons_are_asked_for_by_id_as_the_document_says(judge: Judge, simulator, world, read):
    """Where `expand` is not honoured."""
    simulator.servers.faults = (*simulator.servers.faults, Fault(source=SOURCE, kind="ignores_expand"))
    rows = read(a_week_before(world), attendances="window", lessons="cursor")
    assert rows["attendances"]
    require_clean(judge, "/attendances/lookup")


def test_whole_read_asks_as_the_document_says(judge: Judge, world, read):
    assert read(a_week_before(world), lessons="full", grades="full")["lessons"] > PAGE_SIZE
    require_clean(judge, "/calendarEvents", "/grades")


def test_control_totals_are_asked_for_as_the_document_says(judge: Judge, world, read):
    assert read(a_week_before(world), control_weeks=2)["aggregated_attendances"]
    require_clean(judge, "/aggregatedAttendance")


LOOKED_UP = {"lessons": "/calendarEvents", "attendances": "/attendances", "grades": "/grades"}


@pytest.mark.parametrize("has_lookup", [True, False])
def test_single_objects_are_asked_for_as_the_document_says(
    judge: Judge, simulator, opened: Connector, *, has_lookup: bool
):
    strangers = [str(uuid4()), str(uuid4())]
    without = () if has_lookup else tuple(f"{path[1:]}/lookup" for path in LOOKED_UP.values())
    gone = (Fault(source=SOURCE, kind="not_served", resource=resource) for resource in without)
    simulator.servers.faults = (*simulator.servers.faults, *gone)
    for entity in LOOKED_UP:
        # None where nobody can tell a stranger from a path that is not served.
        assert not opened.living(entity, strangers)
    assert judge.said_against("request") == []
    assert not has_lookup or judge.said_against("response") == []
    wanted = {path + ("/lookup" if has_lookup else "/{id}") for path in LOOKED_UP.values()}
    assert wanted <= judge.asked()


def test_probe_asks_as_the_document_says(judge: Judge, county, connection: Connection):
    transport = open_transport(county.source(SOURCE), connection, patience=Patience(attempts=1))
    try:
        found = probe(transport, timezone=county.timezone, page_size=PAGE_SIZE)
    finally:
        transport.close()
    assert found.resources["/attendances"].access == "served"
    assert 0 < forgive_tokens_alone(judge) < 5
    assert judge.said_against("request") == []
    assert len(judge.judgements) > 20


def test_judge_finds_what_is_wrong(judge: Judge, opened: Connector):
    """The judge must be able to say no: a window is missing, a time has no hour, an id is no uuid."""
    transport = opened.reader.walker.transport
    for parameters in ([], [("startTime.onOrAfter", "2026-09-01"), ("startTime.onOrBefore", "2026-09-02")]):
        with pytest.raises(NarvaroError):
            transport.get("/calendarEvents", parameters)
    transport.get("/attendances", [("organisation", "no uuid")])
    assert len(judge.said_against("request")) >= 5
