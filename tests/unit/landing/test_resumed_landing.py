"""A night that was stopped in the middle goes on from its checkpoint, or begins anew; it never holds a row twice."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from narvaro.errors import LandingError, SourceBusyError, SourceShapeError
from narvaro.landing import NightLanding, load_files, sweep, verify_load
from narvaro.landing.checkpoint import Checkpoint
from narvaro.landing.resuming import MOST_TRIES

SOURCE = "0180-exempel"
NIGHT = date(2026, 9, 19)
UNTIL = datetime(2026, 9, 19, 1, tzinfo=UTC)
SCHEMA = pa.schema([("id", pa.string()), ("source_modified_at", pa.timestamp("us", "UTC"))])
WALK, OTHER = "/attendances", "/absences"
RESTS_ON = {"readings": {WALK: ["cursor", None]}, "key": "k1"}


def a_batch(first=0, count=3, schema=SCHEMA):
    rows = [{"id": f"r{number}", "source_modified_at": UNTIL} for number in range(first, first + count)]
    return pa.RecordBatch.from_pylist(rows, schema=schema)


@pytest.fixture(autouse=True)
def every_mark_is_kept(monkeypatch):
    monkeypatch.setattr("narvaro.landing.staging.ENOUGH_ROWS", 1)


@pytest.fixture
def landing_dir(tmp_path):
    return tmp_path / "landing"


@pytest.fixture
def a_landing(landing_dir):
    def a_landing(night=NIGHT, until=UNTIL, rests_on=RESTS_ON, **changes):
        return NightLanding(landing_dir, SOURCE, night, until, {}, rests_on=rests_on, **changes)

    return a_landing


@pytest.fixture
def stopped(a_landing):
    """Land two pages of a walk and one that no mark has confirmed, then fall silent."""

    def stopped(error=None, place="t2", **changes):
        try:
            with a_landing(**changes) as landing:
                landing.note_server_date(UNTIL - timedelta(minutes=5))
                landing.write("pupils", a_batch(0, 2))
                landing.mark("/persons", ("pupils",), None, 3)
                landing.write("attendances", a_batch(0))
                landing.mark(WALK, ("attendances",), "t1", 1)
                landing.write("attendances", a_batch(3))
                landing.mark(WALK, ("attendances",), place, 2)
                landing.write("attendances", a_batch(6))
                raise error or SourceBusyError("busy")
        except type(error or SourceBusyError("")):
            pass

    return stopped


def ids(landing_dir, manifests, entity="attendances"):
    (manifest,) = [manifest for manifest in manifests if manifest.entity == entity]
    verify_load(landing_dir, manifest)
    tables = [pq.read_table(path) for path in load_files(landing_dir, manifest)]
    table = pa.concat_tables(tables)
    assert table.column("_row").to_pylist() == list(range(len(table)))
    assert manifest.rows == len(table)
    return table.column("id").to_pylist()


def staged_files(landing_dir):
    return sorted(path.name for path in (landing_dir / ".staging").rglob("*") if path.is_file())


def test_a_stopped_night_goes_on_after_its_last_mark(landing_dir, a_landing, stopped):
    stopped()
    with a_landing() as landing:
        assert landing.resumption == {"complete": ["/persons"], "resource": WALK, "token": "t2", "page": 2}
        landing.write("attendances", a_batch(6))
        manifests = landing.seal(UNTIL)
    assert ids(landing_dir, manifests) == [f"r{number}" for number in range(9)]
    assert ids(landing_dir, manifests, "pupils") == ["r0", "r1"]
    assert staged_files(landing_dir) == []


def test_a_night_that_begins_has_nothing_to_go_on_from(a_landing):
    with a_landing() as landing:
        assert landing.resumption is None


def test_the_rows_that_are_kept_can_be_looked_up(a_landing, stopped):
    stopped()
    with a_landing() as landing:
        kept = pa.Table.from_batches(landing.staged_rows(WALK, "attendances", ("id", "_source_modified_at")))
        assert kept.column_names == ["id", "_source_modified_at"]
        assert kept.column("id").to_pylist() == [f"r{number}" for number in range(6)]
        assert list(landing.staged_rows(WALK, "grades", ("id",))) == []
        assert list(landing.staged_rows(OTHER, "attendances", ("id",))) == []


def test_the_earlier_runs_clock_bounds_the_next_read(a_landing, stopped):
    stopped()
    with a_landing() as landing:
        landing.note_server_date(UNTIL + timedelta(hours=1))
        manifests = landing.seal(UNTIL + timedelta(hours=1))
    assert {manifest.cursor_to for manifest in manifests} == {UNTIL - timedelta(minutes=5)}


def test_a_resource_that_begins_anew_keeps_nothing_of_its_first_walk(landing_dir, a_landing, stopped):
    stopped()
    with a_landing() as landing:
        landing.begin_anew(WALK, ("attendances",))
        assert landing.resumption == {"complete": ["/persons"], "resource": None, "token": None, "page": 0}
        landing.write("attendances", a_batch(20))
        landing.mark(WALK, ("attendances",), None, 1)
        manifests = landing.seal(None)
    assert ids(landing_dir, manifests) == ["r20", "r21", "r22"]
    assert ids(landing_dir, manifests, "pupils") == ["r0", "r1"]


def test_one_resource_begun_anew_leaves_the_rows_that_another_gave_the_same_entity(landing_dir, a_landing):
    with a_landing() as landing:
        landing.write("attendances", a_batch(0))
        landing.mark(OTHER, ("attendances",), None, 1)
        landing.write("attendances", a_batch(3))
        landing.mark(WALK, ("attendances",), "t1", 1)
        landing.write("attendances", a_batch(6))
        landing.begin_anew(WALK, ("attendances",))
        landing.write("attendances", a_batch(9))
        manifests = landing.seal(None)
    assert ids(landing_dir, manifests) == ["r0", "r1", "r2", "r9", "r10", "r11"]


def test_a_resource_that_was_complete_may_begin_anew(landing_dir, a_landing, stopped):
    stopped()
    with a_landing() as landing:
        landing.begin_anew("/persons", ("pupils",))
        landing.write("pupils", a_batch(7, 1))
        landing.mark("/persons", ("pupils",), None, 1)
        assert landing.resumption["complete"] == ["/persons"]
        manifests = landing.seal(None)
    assert ids(landing_dir, manifests, "pupils") == ["r7"]


@pytest.mark.parametrize(
    "changes",
    [
        {"until": UNTIL + timedelta(minutes=1)},
        {"night": NIGHT + timedelta(days=1)},
        {"rests_on": {**RESTS_ON, "key": "k2"}},
        {"rests_on": {**RESTS_ON, "readings": {WALK: ["cursor", "2026-09-18T00:00:00+00:00"]}}},
    ],
    ids=["bound", "night", "key", "readings"],
)
def test_another_night_or_other_readings_begin_anew(landing_dir, a_landing, stopped, changes):
    stopped()
    with a_landing(**changes) as landing:
        assert landing.resumption is None
        assert staged_files(landing_dir) == []
        landing.write("attendances", a_batch(0))
        manifests = landing.seal(None)
    assert ids(landing_dir, manifests) == ["r0", "r1", "r2"]
    assert list((landing_dir / ".staging").iterdir()) == []


def _flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), _flip], ids=["missing", "changed"])
def test_parts_that_are_not_what_was_written_begin_anew(landing_dir, a_landing, stopped, damage):
    stopped()
    damage(next((landing_dir / ".staging").glob("*/attendances/*/*/part-0001.parquet")))
    with a_landing() as landing:
        assert landing.resumption is None
        assert staged_files(landing_dir) == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1}', '{"version": 99}', "{broken"])
def test_a_damaged_checkpoint_begins_anew(landing_dir, a_landing, stopped, text):
    stopped()
    next((landing_dir / ".staging").glob("*/checkpoint.json")).write_text(text)
    with a_landing() as landing:
        assert landing.resumption is None
        assert staged_files(landing_dir) == []


def test_files_that_no_checkpoint_counts_are_removed(landing_dir, a_landing, stopped):
    stopped()
    folder = next((landing_dir / ".staging").glob("*/attendances/*/*"))
    (folder / "part-0002.parquet").write_bytes(b"half a file")
    stray = folder.parent.parent.parent / "grades" / SOURCE / "unknown"
    stray.mkdir(parents=True)
    (stray / "part-0000.parquet").write_bytes(b"of an entity that no mark has confirmed")
    with a_landing() as landing:
        assert staged_files(landing_dir) == ["checkpoint.json", *["part-0000.parquet"] * 2, "part-0001.parquet"]
        landing.write("attendances", a_batch(6))
        assert ids(landing_dir, landing.seal(None)) == [f"r{number}" for number in range(9)]


@pytest.mark.parametrize("error", [SourceShapeError("shape"), LandingError("disk")])
def test_an_error_that_another_try_would_meet_again_leaves_nothing(landing_dir, a_landing, stopped, error):
    stopped(error)
    assert list((landing_dir / ".staging").iterdir()) == []
    with a_landing() as landing:
        assert landing.resumption is None


def test_a_checkpoint_where_every_run_ends_is_given_up(a_landing, stopped):
    class NobodyThoughtOfThisError(Exception):
        pass

    def fail():
        with a_landing() as landing:
            resumptions.append(landing.resumption)
            raise NobodyThoughtOfThisError

    stopped()
    resumptions = []
    for _ in range(MOST_TRIES + 1):
        with pytest.raises(NobodyThoughtOfThisError):
            fail()
    assert [resumption is not None for resumption in resumptions] == [True] * MOST_TRIES + [False]


def test_a_run_that_comes_further_is_not_counted_as_a_try(a_landing, stopped):
    def come_further(page):
        with a_landing() as landing:
            assert landing.resumption["page"] == page - 1
            landing.write("attendances", a_batch(10 * page))
            landing.mark(WALK, ("attendances",), f"t{page}", page)
            raise SourceBusyError("busy")

    stopped()
    for page in range(3, 3 + 2 * MOST_TRIES):
        with pytest.raises(SourceBusyError):
            come_further(page)


def test_a_sweep_leaves_what_can_be_gone_on_from(landing_dir, a_landing, stopped):
    stopped()
    assert sweep(landing_dir, SOURCE, set()) == []
    with a_landing() as landing:
        assert landing.resumption["page"] == 2


def test_a_checkpoint_is_for_us_alone_and_its_token_is_not_shown(landing_dir, stopped):
    old = os.umask(0)
    try:
        stopped(place="hemligt-sidmärke")
    finally:
        os.umask(old)
    (path,) = (landing_dir / ".staging").glob("*/checkpoint.json")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    checkpoint = Checkpoint.from_dict(json.loads(path.read_text(encoding="utf-8")))
    assert checkpoint.walk == (WALK, "hemligt-sidmärke", 2)
    assert "hemligt" not in repr(checkpoint)
    assert Checkpoint.from_dict(json.loads(json.dumps(checkpoint.to_dict()))) == checkpoint


class KeptElsewhere:
    """A place for checkpoints that outlives the disk."""

    def __init__(self):
        self.text = None

    def load(self):
        return json.loads(self.text) if self.text else None

    def save(self, checkpoint):
        self.text = json.dumps(checkpoint)

    def clear(self):
        self.text = None


def test_a_checkpoint_may_be_kept_elsewhere_as_well(landing_dir, a_landing, stopped):
    elsewhere = KeptElsewhere()
    stopped(checkpoints=elsewhere)
    next((landing_dir / ".staging").glob("*/checkpoint.json")).unlink()
    with a_landing(checkpoints=elsewhere) as landing:
        assert landing.resumption["token"] == "t2"
        landing.write("attendances", a_batch(6))
        assert ids(landing_dir, landing.seal(None)) == [f"r{number}" for number in range(9)]
    assert elsewhere.text is None


def test_a_checkpoint_from_elsewhere_counts_only_with_its_parts(landing_dir, a_landing, stopped, tmp_path):
    elsewhere = KeptElsewhere()
    stopped(checkpoints=elsewhere)
    landing_dir.rename(tmp_path / "the disk of another worker")
    with a_landing(checkpoints=elsewhere) as landing:
        assert landing.resumption is None


def test_a_small_walk_is_not_put_on_the_disk_page_by_page(a_landing, monkeypatch):
    monkeypatch.setattr("narvaro.landing.staging.ENOUGH_ROWS", 7)
    with a_landing() as landing:
        for page in range(1, 6):
            landing.write("attendances", a_batch(3 * page))
            landing.mark(WALK, ("attendances",), f"t{page}", page)
        assert landing.resumption["page"] == 3
        landing.mark(WALK, ("attendances",), None, 5)
        (manifest,) = landing.seal(None)
    assert [file.rows for file in manifest.files] == [9, 6]


def test_a_slow_walk_is_put_on_the_disk_by_the_clock(a_landing, monkeypatch):
    monkeypatch.setattr("narvaro.landing.staging.ENOUGH_ROWS", 1_000)
    with a_landing() as landing:
        landing.write("attendances", a_batch())
        landing.mark(WALK, ("attendances",), "t1", 1)
        assert landing.resumption is None
        monkeypatch.setattr("narvaro.landing.staging.ENOUGH_SECONDS", 0.0)
        landing.mark(WALK, ("attendances",), "t2", 2)
        assert landing.resumption["token"] == "t2"


def test_rows_that_came_again_are_counted_as_received(a_landing):
    with a_landing() as landing:
        landing.write("attendances", a_batch(), repeated=2)
        landing.mark(WALK, ("attendances",), "t1", 1)
        landing.write("attendances", a_batch(0, 0), repeated=1)
        landing.mark(WALK, ("attendances",), None, 2)
        (manifest,) = landing.seal(None)
    assert (manifest.rows, manifest.received) == (3, 6)


KILLED = textwrap.dedent(
    """
    import os, signal, sys
    from datetime import UTC, date, datetime
    from pathlib import Path
    import pyarrow as pa
    from narvaro.landing import NightLanding, staging

    landing_dir, moment = sys.argv[1:]

    def die():
        os.kill(os.getpid(), signal.SIGKILL)

    replace = Path.replace
    def replaced(self, target):
        if moment == "before the checkpoint":
            die()
        result = replace(self, target)
        if moment == "after the checkpoint":
            die()
        return result

    staging.ENOUGH_ROWS = 1
    until = datetime(2026, 9, 19, 1, tzinfo=UTC)
    schema = pa.schema([("id", pa.string()), ("source_modified_at", pa.timestamp("us", "UTC"))])
    rests_on = {"readings": {"/attendances": ["cursor", None]}, "key": "k1"}
    with NightLanding(Path(landing_dir), "0180-exempel", date(2026, 9, 19), until, {}, rests_on=rests_on) as landing:
        for page in range(1, 4):
            if page == 3:
                Path.replace = replaced
            rows = [{"id": f"r{3 * page - 3 + n}", "source_modified_at": until} for n in range(3)]
            landing.write("attendances", pa.RecordBatch.from_pylist(rows, schema=schema))
            landing.mark("/attendances", ("attendances",), f"t{page}", page)
        die()
    """
)


@pytest.mark.parametrize(("moment", "page"), [("before the checkpoint", 2), ("after the checkpoint", 3), ("later", 3)])
def test_a_killed_landing_is_gone_on_from(landing_dir, a_landing, moment, page):
    process = subprocess.run([sys.executable, "-c", KILLED, str(landing_dir), moment], check=False)
    assert process.returncode == -signal.SIGKILL
    with a_landing() as landing:
        assert (landing.resumption["token"], landing.resumption["page"]) == (f"t{page}", page)
        landing.write("attendances", a_batch(3 * page))
        assert ids(landing_dir, landing.seal(None)) == [f"r{number}" for number in range(3 * page + 3)]
