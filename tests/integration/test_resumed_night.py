"""A night that is killed in the middle of a walk: the next run goes on, and lands what an undisturbed one lands."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from killed_walk import land_and_be_killed
from other_process import KILLED, output_path, run_function
from simulated_line import SimulatedLine, simulated_line

from narvaro.errors import SourceBusyError
from narvaro.landing import staging
from narvaro.landing.checkpoint import CHECKPOINT_NAME, Checkpoint, FileCheckpoints
from narvaro.ledger import Ledger
from narvaro.orchestration import landing_steps
from narvaro.orchestration.loads import load_paths
from narvaro.privacy import load_or_create_key
from narvaro.simulator.faults import Fault
from narvaro.sources import ENTITIES
from narvaro.sources.ss12000 import gathering
from narvaro.sources.ss12000.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOURCE = "1060-olofstrom"
PAGE_ROWS = 60
# Whatever limit is asked for, this server gives so many rows a page.
SMALL_PAGES = Fault(source=SOURCE, kind="ignores_limit", rows=PAGE_ROWS)
ATTENDANCES, LESSONS, GRADES = "/attendances", "/calendarEvents", "/grades"
ENTITY_OF = {ATTENDANCES: "attendances", LESSONS: "lessons", GRADES: "grades"}
MACHINERY = ["_load_id", "_row"]


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedLine]:
    """A county whose source gives small pages; nothing has landed."""
    home = tmp_path_factory.mktemp("resumed") / "home"
    with simulated_line(home, scale=150.0, faults=()) as line:
        line.simulator.set_clock(line.line.county.night_bound_at(line.night))
        load_or_create_key(line.line.settings.pseudonym_key_path, keyed_data_exist=False)
        yield line


@pytest.fixture(scope="module")
def truth(county: SimulatedLine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pa.Table]:
    """What an undisturbed run lands, by entity."""
    line = county.copied_to(tmp_path_factory.mktemp("undisturbed") / "home")
    county.simulator.servers.faults = (SMALL_PAGES,)
    landing_steps.land(line.line, SOURCE, line.night)
    landed = {entity: landed_rows(line, entity) for entity in ENTITIES}
    assert len(landed["attendances"]) > 15 * PAGE_ROWS
    return landed


@pytest.fixture
def installation(county: SimulatedLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimulatedLine:
    """The same county before its night, which keeps every page in this process too."""
    county.simulator.servers.faults = (SMALL_PAGES,)
    monkeypatch.setattr(staging, "ENOUGH_ROWS", 1)
    monkeypatch.setattr(gathering, "PAGES_A_BATCH", 1)
    return county.copied_to(tmp_path / "home")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, str]]]:
    """Every request for a page that this process sends."""
    requests: list[tuple[str, dict[str, str]]] = []
    get = Transport.get

    def counted(self: Transport, resource: str, parameters: object) -> bytes:
        requests.append((resource, dict(parameters)))
        return get(self, resource, parameters)

    monkeypatch.setattr(Transport, "get", counted)
    return requests


def kill_in_walk(line: SimulatedLine, resource: str = ATTENDANCES, page: int = 5, moment: str = "after") -> None:
    code = run_function(line.env, land_and_be_killed, SOURCE, line.night, resource, page, moment)
    assert code == KILLED, output_path(line.env).read_text(encoding="utf-8")
    assert Ledger.open(line.line.settings.ledger_url).loads(line.night, source=SOURCE) == []


def landed_rows(line: SimulatedLine, entity: str) -> pa.Table:
    """Give the rows of the night's only load of an entity, in their order."""
    (load,) = [load for load in line.line.ledger.loads(line.night, source=SOURCE) if load.entity == entity]
    table = pa.concat_tables([pq.read_table(path) for path in load_paths(line.line.settings, load)])
    assert table.column("_row").to_pylist() == list(range(len(table)))
    assert load.rows == len(table)
    return table.drop_columns(MACHINERY).sort_by([(name, "ascending") for name in sortable(table)])


def sortable(table: pa.Table) -> list[str]:
    return [field.name for field in table.schema if not pa.types.is_list(field.type) and field.name not in MACHINERY]


def checkpoint_of(line: SimulatedLine) -> Checkpoint:
    (path,) = (line.line.settings.landing_dir / ".staging").glob(f"{SOURCE}-*/{CHECKPOINT_NAME}")
    checkpoint = Checkpoint.from_dict(FileCheckpoints(path).load())
    assert checkpoint is not None
    return checkpoint


def assert_landed_is(line: SimulatedLine, truth: dict[str, pa.Table]) -> None:
    for entity, rows in truth.items():
        assert landed_rows(line, entity).equals(rows), entity
    assert list((line.line.settings.landing_dir / ".staging").iterdir()) == []


def pages_of(asked: list[tuple[str, dict[str, str]]], resource: str) -> list[dict[str, str]]:
    return [parameters for path, parameters in asked if path == resource and parameters["limit"] != "1"]


@pytest.mark.parametrize(("resource", "page"), [(ATTENDANCES, 9), (LESSONS, 5), (GRADES, 1)])
def test_a_killed_night_goes_on_from_the_page_where_it_was_killed(
    installation: SimulatedLine,
    truth: dict[str, pa.Table],
    asked: list[tuple[str, dict[str, str]]],
    resource: str,
    page: int,
):
    kill_in_walk(installation, resource, page)
    landing_steps.land(installation.line, SOURCE, installation.night)
    requests = pages_of(asked, resource)
    assert all("pageToken" in parameters for parameters in requests)
    pages = -(-len(truth[ENTITY_OF[resource]]) // PAGE_ROWS)
    assert len(requests) == pages - page
    assert pages_of(asked, "/persons") == []
    assert_landed_is(installation, truth)


def test_a_night_that_is_killed_again_and_again_comes_to_its_end(
    installation: SimulatedLine, truth: dict[str, pa.Table]
):
    for resource, page, moment in [
        (LESSONS, 3, "before"),
        (LESSONS, 4, "after"),
        (ATTENDANCES, 1, "before"),
        (ATTENDANCES, 11, "after"),
    ]:
        kill_in_walk(installation, resource, page, moment)
    landing_steps.land(installation.line, SOURCE, installation.night)
    assert_landed_is(installation, truth)
    assert landing_steps.judge(installation.line, SOURCE, installation.night).status == "accepted"


@pytest.mark.parametrize("status", [410, 404])
def test_a_token_that_died_with_the_killed_run_begins_its_walk_anew_and_doubles_nothing(
    installation: SimulatedLine,
    county: SimulatedLine,
    truth: dict[str, pa.Table],
    asked: list[tuple[str, dict[str, str]]],
    status: int,
):
    kill_in_walk(installation)
    expired = Fault(source=SOURCE, kind="expired_token", resource="attendances", status=status, times=3)
    county.simulator.servers.faults = (SMALL_PAGES, expired)
    landing_steps.land(installation.line, SOURCE, installation.night)
    requests = pages_of(asked, ATTENDANCES)
    assert "pageToken" in requests[0]
    assert [parameters for parameters in requests if "pageToken" not in parameters]
    assert pages_of(asked, LESSONS) == []
    assert_landed_is(installation, truth)


def test_a_source_that_falls_silent_in_a_walk_is_gone_on_from_when_it_speaks_again(
    installation: SimulatedLine,
    county: SimulatedLine,
    truth: dict[str, pa.Table],
    asked: list[tuple[str, dict[str, str]]],
):
    busy = Fault(source=SOURCE, kind="busy", resource="attendances", from_request=20, status=429, retry_after="86400")
    county.simulator.servers.faults = (SMALL_PAGES, busy)
    with pytest.raises(SourceBusyError):
        landing_steps.land(installation.line, SOURCE, installation.night)
    assert installation.line.ledger.night(SOURCE, installation.night).status == "silent"
    walk = checkpoint_of(installation).walk
    assert walk[0] == ATTENDANCES
    asked.clear()
    county.simulator.servers.faults = (SMALL_PAGES,)
    landing_steps.land(installation.line, SOURCE, installation.night)
    requests = pages_of(asked, ATTENDANCES)
    assert len(requests) == -(-len(truth["attendances"]) // PAGE_ROWS) - walk[2]
    assert_landed_is(installation, truth)


def test_the_next_night_does_not_go_on_from_a_killed_one(
    installation: SimulatedLine, asked: list[tuple[str, dict[str, str]]]
):
    kill_in_walk(installation)
    later = installation.night + timedelta(days=1)
    installation.simulator.set_clock(installation.line.county.night_bound_at(later))
    try:
        landing_steps.land(installation.line, SOURCE, later)
    finally:
        installation.simulator.set_clock(installation.line.county.night_bound_at(installation.night))
    assert "pageToken" not in pages_of(asked, ATTENDANCES)[0]
    assert pages_of(asked, "/persons")
    assert list((installation.line.settings.landing_dir / ".staging").iterdir()) == []
