"""One simulated source in an installation of its own: plant faults, land nights, hold what stands against the truth."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import duckdb
import httpx
import yaml
from simulated_line import BLEKINGE, SECRET

from narvaro.county import load_county
from narvaro.orchestration import extraction, landing_steps, probing
from narvaro.orchestration.line import Line
from narvaro.orchestration.loads import load_paths
from narvaro.privacy import Pseudonymiser, load_or_create_key
from narvaro.settings import Settings
from narvaro.simulator import (
    RunningSimulator,
    SimulatorConfig,
    build_world,
    connections,
    load_simulator_config,
    running_simulator,
)
from narvaro.simulator.faults import Fault
from narvaro.sources import RECORD_ID, Patience, connect
from narvaro.sources.ss12000.opening import open_transport

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    import pytest

    from narvaro.errors import NarvaroError
    from narvaro.ledger import LoadRecord, NightRecord

NAME = "1081-ronneby"
PAGE_SIZE = 300
NUMBER_DIGITS = 12
# Few pupils, of whom much is to be told.
EVENTFUL = {
    "scale": 150.0,
    "faults": (),
    "protected_per_thousand": 200,
    "corrected_pct": 40,
    "movers_per_thousand": 150,
}
# Whatever else may happen to a night: nothing of it is seen downstream.
OPTIONAL = frozenset({"absence_notices", "grades"})
TOLD = {"refused", "silent", "failed", "held"}

Standing = dict[str, dict[Any, Any]]
Rows = list[dict[str, Any]]


@dataclass
class OneSource:
    """An installation that reads one source of a simulated county."""

    line: Line
    simulator: RunningSimulator
    config_dir: Path
    error: NarvaroError | None = None

    @property
    def first_night(self) -> date:
        """The night at which the simulated county begins."""
        return self.line.county.night_of(self.simulator.servers.world.as_of)

    def set_up(self, **entry: Any) -> None:
        """Change the source's entry in the configuration."""
        path = self.config_dir / "sources.yml"
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        (own,) = (source for source in content["sources"] if source["name"] == NAME)
        own |= entry
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        self.line = Line.open(self.line.settings)

    def plant(self, *faults: dict[str, Any]) -> None:
        """Let the source's server have these faults, and no others."""
        self.simulator.servers.faults = [Fault.model_validate({"source": NAME, **fault}) for fault in faults]

    def night(self, night: date) -> NightRecord:
        """Run the source's whole night, at the night's own clock."""
        self.simulator.set_clock(self.line.county.night_bound_at(night))
        record, self.error = landing_steps.land_and_judge(self.line, NAME, night)
        return record

    def standing(self) -> Standing:
        """Give what stands of the accepted nights, reckoned apart from the program: newest versions less deletions."""
        loads = self.line.ledger.accepted_loads(source=NAME)
        files: dict[str, list[str]] = {entity: [] for entity in _COMPARED}
        for load in loads:
            if load.entity in files:
                files[load.entity] += map(str, load_paths(self.line.settings, load))
        with duckdb.connect() as connection:
            deleted = _deleted(connection, files.pop("deletions"))
            return {entity: _newest(connection, entity, paths, deleted) for entity, paths in files.items()}

    def truth(self, night: date, *stands_for: dict[str, Any]) -> Standing:
        """Give what a well-behaved server tells a plain client of the night's moment.

        `stands_for` are faults of what the server holds, not of how it tells of it.
        """
        bound = self.line.county.night_bound_at(night)
        self.plant(*stands_for)
        self.simulator.set_clock(bound)
        key = load_or_create_key(self.line.settings.pseudonym_key_path)
        kept = _truths.setdefault(self.simulator.base_url, {})
        told_of = (bound, json.dumps(stands_for, sort_keys=True))
        if told_of not in kept:
            kept[told_of] = _lists(self._client, bound)
        return _told(kept[told_of], Pseudonymiser(key, NAME, reference_date=night))

    def names(self) -> set[str]:
        """Give the names of everybody whom the source knows."""
        self.plant()
        return {row[part] for row in self._client.rows("persons", {}) for part in ("givenName", "familyName")}

    def civic_number_of_a_pupil(self) -> str:
        """Give the number of somebody who is a pupil of the source."""
        self.plant()
        rows = [row for row in self._client.rows("persons", {}) if row.get("enrolments")]
        numbers = (row["civicNo"]["value"].replace("-", "") for row in rows)
        return next(number for number in numbers if len(number) == NUMBER_DIGITS and number.isdigit())

    def assert_true(
        self, night: date, *, not_served: Collection[str] = (), stands_for: Sequence[dict[str, Any]] = ()
    ) -> None:
        """Demand that what stands is the truth of the night's moment; nothing at all of what was not served."""
        standing, truth = self.standing(), self.truth(night, *stands_for)
        for entity, wanted in truth.items():
            if entity in not_served and not standing[entity]:
                continue
            assert standing[entity] == wanted, _difference(entity, standing[entity], wanted)

    def assert_true_or_told(
        self, night: date, record: NightRecord, *, stands_for: Sequence[dict[str, Any]] = ()
    ) -> None:
        """Demand that the night was kept from everybody, or that what stands is the truth.

        Of a list that a source need not serve, and did not, nothing stands, and it is noted to be read whole.
        """
        if record.status == "accepted":
            reads = self.line.ledger.reads(NAME)
            owed = {entity for (entity, kind), read in reads.items() if kind == "full" and read.due_reason}
            self.assert_true(night, not_served=owed & OPTIONAL, stands_for=stands_for)
        else:
            assert record.status in TOLD
            assert all(load.night != night for load in self.line.ledger.accepted_loads(source=NAME))

    @property
    def _client(self) -> _Client:
        connection = connections(self.line.county, "", SECRET)[self.line.county.source(NAME).conn_id]
        return _Client(self.simulator.base_url, connection["password"])


def wait_for_nobody(patched: pytest.MonkeyPatch) -> None:
    """Wait for no server: the answers of a simulated one do not change by waiting."""
    hasty = Patience(sleep=lambda _seconds: None)
    patched.setattr(extraction, "connect", partial(connect, patience=hasty))
    patched.setattr(probing, "open_transport", partial(open_transport, patience=hasty))


def pass_every_door(patched: pytest.MonkeyPatch) -> None:
    """Leave out the suites, which take most of a night's time: what they would refuse has to be found before them."""
    from narvaro.quality import Verdict

    def passed(_line: Line, load: LoadRecord) -> Verdict:
        return Verdict(f"raw__{load.entity}", "passed", load.rows, load.load_id, load.source, load.entity)

    patched.setattr(landing_steps, "_check", passed)


@contextmanager
def one_source(home: Path, **changes: Any) -> Iterator[OneSource]:
    """Open an installation under `home` with small pages; `changes` are simulator parameters."""
    config_dir = home / "config"
    shutil.copytree(BLEKINGE, config_dir)
    with (config_dir / "county.yml").open("a", encoding="utf-8") as file:
        file.write("\nbrake: {max_share: 0.1, min_rows: 5}\n")
    county = load_county(config_dir)
    given = load_simulator_config(config_dir).model_dump(exclude_unset=True)
    config = SimulatorConfig.model_validate(given | EVENTFUL | changes)
    with running_simulator(build_world(county, config), secret=SECRET) as simulator:
        installation = OneSource(_opened(home, config_dir, simulator), simulator, config_dir)
        installation.set_up(page_size=PAGE_SIZE)
        yield installation


def copied(installation: OneSource, home: Path) -> OneSource:
    """Give a copy of an installation that reads the same simulated servers."""
    shutil.copytree(installation.line.settings.home, home, symlinks=True)
    config_dir = home / "config"
    return OneSource(_opened(home, config_dir, installation.simulator), installation.simulator, config_dir)


def _opened(home: Path, config_dir: Path, simulator: RunningSimulator) -> Line:
    env = {**os.environ, "NARVARO_HOME": str(home), "NARVARO_CONFIG_DIR": str(config_dir)}
    settings = Settings.from_env(env)
    settings.connections_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    entries = connections(load_county(config_dir), simulator.base_url, SECRET)
    settings.connections_path.write_text(json.dumps(entries), encoding="utf-8")
    return Line.open(settings)


# What is compared of each entity, by its id; of enrolments and memberships all rows of an id together.
_COMPARED: dict[str, tuple[str, ...]] = {
    "school_units": ("school_unit_code",),
    "activities": ("organisation_id",),
    "pupils": ("pupil_id",),
    "enrolments": ("organisation_id", "school_type"),
    "group_memberships": ("person_id",),
    "lessons": ("activity_id", "started_at", "is_cancelled"),
    "attendances": (
        "lesson_id",
        "person_id",
        "is_reported",
        "attended_minutes",
        "valid_absence_minutes",
        "invalid_absence_minutes",
        "other_attendance_minutes",
    ),
    "absence_notices": ("notice_type",),
    "grades": ("grade_value", "registered_date"),
    "deletions": (),
}
_WHOLE = ("school_units", "activities")
_SETS = ("enrolments", "group_memberships")


def _deleted(connection: duckdb.DuckDBPyConnection, paths: list[str]) -> set[tuple[str, str, str]]:
    query = "select entity, record_id, max(left(_load_id, 8)) from read_parquet($paths) group by all"
    return set(connection.execute(query, {"paths": paths}).fetchall())


def _newest(
    connection: duckdb.DuckDBPyConnection, entity: str, paths: list[str], deleted: set[tuple[str, str, str]]
) -> dict[Any, Any]:
    record_id = RECORD_ID[entity]
    columns = ", ".join([record_id, "left(_load_id, 8)", *_COMPARED[entity]])
    # Once some version of a record came without a time, its nights decide.
    untimed = f"select {record_id} from read_parquet($paths, union_by_name = true) where _source_modified_at is null"
    known_at = f"if({record_id} in ({untimed}), left(_load_id, 8), ''), coalesce(_source_modified_at, '-infinity')"
    order = "_load_id, _row" if entity in (*_WHOLE, *_SETS) else f"{known_at}, _load_id, _row"
    query = f"select {columns} from read_parquet($paths, union_by_name = true) order by {order}"
    last: dict[str, str] = {}
    found: dict[Any, Any] = {}
    newest_night = ""
    for key, night, *values in connection.execute(query, {"paths": paths}).fetchall():
        is_anew = last.get(key, "") < night
        last[key] = max(last.get(key, ""), night)
        newest_night = max(newest_night, night)
        if entity in _SETS:
            found[key] = Counter([tuple(values)]) + (Counter() if is_anew else found[key])
        else:
            found[key] = tuple(values)
    gone = {key: night for kind, key, night in deleted if kind == entity}
    if entity in _WHOLE:
        return {key: value for key, value in found.items() if last[key] == newest_night}
    return {key: value for key, value in found.items() if last[key] >= gone.get(key, "")}


@dataclass
class _Client:
    """A client as plain as can be: it trusts the server."""

    base_url: str
    password: str

    def rows(self, path: str, filters: dict[str, str]) -> Rows:
        """Give every row of a list."""
        with httpx.Client(base_url=f"{self.base_url}/{NAME}", trust_env=False, timeout=30) as client:
            grant = client.post("/token", auth=(NAME, self.password), data={"grant_type": "client_credentials"}).json()
            client.headers["Authorization"] = f"Bearer {grant['access_token']}"
            found: Rows = []
            parameters = filters
            while True:
                page = client.get(f"/v2.0/{path}", params={"limit": "20000", **parameters}).raise_for_status().json()
                found += page["data"]
                if not page.get("pageToken"):
                    return found
                parameters = {"pageToken": page["pageToken"]}


# What each simulated county told of a moment: the same for every test.
_truths: dict[str, dict[tuple[datetime, str], dict[str, Rows]]] = {}


def _lists(client: _Client, bound: datetime) -> dict[str, Rows]:
    until = {"meta.modified.before": bound.isoformat().replace("+00:00", "Z")}
    year = {"startTime.onOrAfter": "2026-07-01T00:00:00Z", "startTime.onOrBefore": "2027-07-01T00:00:00Z"}
    standing = {name: client.rows(name, {}) for name in ("organisations", "activities")}
    changing = {name: client.rows(name, until) for name in ("persons", "groups", "attendances", "absences", "grades")}
    return {**standing, **changing, "calendarEvents": client.rows("calendarEvents", {**year, **until})}


def _told(lists: dict[str, Rows], pseudonyms: Pseudonymiser) -> Standing:
    person = pseudonyms.person_id
    pupils = [row for row in lists["persons"] if row.get("enrolments")]
    return {
        "school_units": {
            row["id"]: (row["schoolUnitCode"],)
            for row in lists["organisations"]
            if row["organisationType"] == "Skolenhet"
        },
        "activities": {row["id"]: (row["organisation"]["id"],) for row in lists["activities"]},
        "pupils": {person(row["id"]): (pseudonyms.pupil_id(_number(row), row["id"])[0],) for row in pupils},
        "enrolments": {
            person(row["id"]): Counter((part["enroledAt"]["id"], part["schoolType"]) for part in row["enrolments"])
            for row in pupils
        },
        "group_memberships": {
            row["id"]: Counter((person(part["person"]["id"]),) for part in row.get("groupMemberships") or ())
            or Counter([(None,)])
            for row in lists["groups"]
        },
        "lessons": {row["id"]: _lesson(row) for row in lists["calendarEvents"]},
        "attendances": {row["id"]: _attendance(row, person) for row in lists["attendances"]},
        "absence_notices": {row["id"]: (row["type"],) for row in lists["absences"]},
        "grades": {row["id"]: (row["gradeValue"], _day(row["registeredDate"])) for row in lists["grades"]},
    }


def _number(row: dict[str, Any]) -> str | None:
    return (row.get("civicNo") or {}).get("value")


def _lesson(row: dict[str, Any]) -> tuple[Any, ...]:
    return (row["activity"]["id"], _moment(row["startTime"]), bool(row.get("cancelled")))


def _attendance(row: dict[str, Any], person: Any) -> tuple[Any, ...]:
    minutes = ("attendanceMinutes", "validAbsenceMinutes", "invalidAbsenceMinutes", "otherAttendanceMinutes")
    student = person(row["student"]["id"])
    return (row["calendarEvent"]["id"], student, row["isReported"], *(row.get(name) for name in minutes))


def _moment(text: str) -> Any:
    return datetime.fromisoformat(text).astimezone(UTC)


def _day(text: str) -> Any:
    return date.fromisoformat(text[:10])


def _difference(entity: str, came: dict[Any, Any], wanted: dict[Any, Any]) -> str:
    lost, foreign = wanted.keys() - came.keys(), came.keys() - wanted.keys()
    other = [key for key in wanted.keys() & came.keys() if wanted[key] != came[key]]
    return f"{entity}: {len(lost)} lost, {len(foreign)} not there, {len(other)} different of {len(wanted)}"


def second(source: OneSource) -> date:
    """The night of the next school day: late registers, corrections, cancellations and deletions have come."""
    return source.first_night + timedelta(days=3)


def lands_true(source: OneSource, *faults: dict[str, Any], night: date | None = None) -> None:
    """Demand that a night with faults is accepted, and that the truth stands after it."""
    night = night or second(source)
    source.plant(*faults)
    record = source.night(night)
    assert record.status == "accepted", source.error
    source.assert_true(night)


def is_told(source: OneSource, status: str, *faults: dict[str, Any], night: date | None = None) -> str:
    """Demand that a night with faults ends so, that what stood still stands, and that the night after is true."""
    night = night or second(source)
    before = source.standing() if source.line.ledger.accepted_loads(source=NAME) else None
    source.plant(*faults)
    record = source.night(night)
    assert record.status == status, source.error
    if before is not None:
        assert source.standing() == before
    source.plant()
    assert source.night(night + timedelta(days=1)).status == "accepted", source.error
    source.assert_true(night + timedelta(days=1))
    return record.reason


def is_true_or_told(source: OneSource, *faults: dict[str, Any]) -> None:
    """Demand that the night is kept from everybody or true; and that the one after it is true."""
    source.plant(*faults)
    source.assert_true_or_told(second(source), source.night(second(source)))
    source.plant()
    following = second(source) + timedelta(days=1)
    assert source.night(following).status == "accepted", source.error
    source.assert_true(following)
