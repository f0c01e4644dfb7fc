"""A night is whole or absent, whatever happens in the middle of it."""

from __future__ import annotations

import errno
import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from narvaro.errors import BusyError, LandingError
from narvaro.landing import Manifest, NightLanding, load_files, read_manifest, sweep, verify_load

NIGHT = date(2026, 9, 19)
UNTIL = datetime(2026, 9, 19, 1, tzinfo=UTC)
CURSOR = datetime(2026, 9, 18, 1, tzinfo=UTC)
SCHEMA = pa.schema(
    [("lesson_id", pa.string()), ("minutes", pa.int32()), ("source_modified_at", pa.timestamp("us", "UTC"))]
)


def a_batch(count=3, schema=SCHEMA):
    rows = [{"lesson_id": f"l{number}", "minutes": number, "source_modified_at": CURSOR} for number in range(count)]
    return pa.RecordBatch.from_pylist(rows, schema=schema)


def a_landing(landing_dir, source="0180-exempel", night=NIGHT, cursors=None):
    return NightLanding(landing_dir, source, night, UNTIL, cursors or {})


def land(landing_dir, *batches, server_date=None, **changes):
    with a_landing(landing_dir, **changes) as landing:
        for batch in batches or [a_batch()]:
            landing.write("lessons", batch)
        return landing.seal(server_date)


def loads_in(landing_dir):
    return sorted(str(path.relative_to(landing_dir)) for path in Path(landing_dir).glob("[!.]*/*/*"))


@pytest.fixture
def landing_dir(tmp_path):
    return tmp_path / "landing"


def test_rows_are_landed_with_their_provenance(landing_dir):
    (manifest,) = land(landing_dir, a_batch(2), a_batch(1))
    (path,) = load_files(landing_dir, manifest)
    table = pq.read_table(path)
    assert table.column_names == ["lesson_id", "minutes", "_source_modified_at", "_source", "_load_id", "_row"]
    assert table.column("_row").to_pylist() == [0, 1, 2]
    assert set(table.column("_source").to_pylist()) == {"0180-exempel"}
    assert set(table.column("_load_id").to_pylist()) == {manifest.load_id}
    assert table.column("lesson_id").to_pylist() == ["l0", "l1", "l0"]
    for name in ("lesson_id", "_source", "_load_id"):
        assert table.schema.field(name).type == pa.string()


def test_rows_are_numbered_through_all_row_groups(landing_dir, monkeypatch):
    monkeypatch.setattr("narvaro.landing.parquet.ROW_GROUP_ROWS", 10)
    (manifest,) = land(landing_dir, *[a_batch(7)] * 5)
    (path,) = load_files(landing_dir, manifest)
    assert pq.ParquetFile(path).num_row_groups == 3
    assert pq.read_table(path).column("_row").to_pylist() == list(range(35))


def test_a_load_lies_where_its_names_say(landing_dir):
    (manifest,) = land(landing_dir)
    assert manifest.load_id.startswith("20260919-0180-exempel-lessons-")
    assert loads_in(landing_dir) == [f"lessons/0180-exempel/{manifest.load_id}"]
    assert [path.name for path in load_files(landing_dir, manifest)] == ["part-0000.parquet"]


def test_a_manifest_tells_what_was_landed(landing_dir):
    (manifest,) = land(landing_dir, a_batch(4), cursors={"lessons": CURSOR}, server_date=UNTIL + timedelta(seconds=3))
    (path,) = load_files(landing_dir, manifest)
    assert read_manifest(path.with_name("manifest.json")) == manifest
    assert Manifest.from_dict(json.loads(json.dumps(manifest.to_dict()))) == manifest
    assert (manifest.rows, manifest.received, manifest.expected) == (4, 4, None)
    assert manifest.bytes == path.stat().st_size == manifest.files[0].bytes
    assert (manifest.cursor_from, manifest.cursor_to) == (CURSOR, UNTIL)


def test_the_next_read_begins_no_later_than_the_servers_own_clock(landing_dir):
    (manifest,) = land(landing_dir, server_date=UNTIL - timedelta(minutes=10))
    assert manifest.cursor_to == UNTIL - timedelta(minutes=10)


def test_an_entity_without_rows_has_a_load_of_its_own(landing_dir):
    (manifest,) = land(landing_dir, a_batch(0))
    (path,) = load_files(landing_dir, manifest)
    assert manifest.rows == 0
    assert pq.read_schema(path).names == ["lesson_id", "minutes", "_source_modified_at", "_source", "_load_id", "_row"]


def test_the_same_columns_have_the_same_fingerprint(landing_dir):
    (one,) = land(landing_dir)
    (same,) = land(landing_dir, night=NIGHT + timedelta(days=1))
    other_schema = SCHEMA.append(pa.field("room", pa.string()))
    (other,) = land(landing_dir, a_batch(schema=other_schema), night=NIGHT + timedelta(days=2))
    assert one.schema_fingerprint == same.schema_fingerprint != other.schema_fingerprint


def test_everything_landed_is_for_us_alone(landing_dir):
    old = os.umask(0)
    try:
        land(landing_dir)
    finally:
        os.umask(old)
    for path in [landing_dir, *landing_dir.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_an_error_in_the_block_leaves_nothing_behind(landing_dir):
    class FailedReadError(Exception):
        pass

    def batches():
        yield "lessons", a_batch()
        raise FailedReadError

    def fail():
        with a_landing(landing_dir) as landing:
            for entity, batch in batches():
                landing.write(entity, batch)

    with pytest.raises(FailedReadError):
        fail()
    assert loads_in(landing_dir) == []
    assert list((landing_dir / ".staging").iterdir()) == []


def test_a_night_that_is_never_sealed_is_absent(landing_dir):
    with a_landing(landing_dir) as landing:
        landing.write("lessons", a_batch())
    assert loads_in(landing_dir) == []


def test_columns_may_not_change_within_a_load(landing_dir):
    other = a_batch(schema=SCHEMA.append(pa.field("room", pa.string())))
    with pytest.raises(LandingError, match="other columns"):
        land(landing_dir, a_batch(), other)
    assert loads_in(landing_dir) == []


def test_two_landings_of_one_source_do_not_meet(landing_dir):
    with a_landing(landing_dir) as landing:
        landing.write("lessons", a_batch())
        with pytest.raises(BusyError, match="0180-exempel"), a_landing(landing_dir):
            pass
        with pytest.raises(BusyError):
            sweep(landing_dir, "0180-exempel", set())
        assert len(landing.seal(None)) == 1
    assert len(loads_in(landing_dir)) == 1


def test_two_sources_land_at_the_same_time(landing_dir):
    with a_landing(landing_dir, "a") as one, a_landing(landing_dir, "a-b") as other:
        one.write("lessons", a_batch())
        other.write("lessons", a_batch())
        one.seal(None)
        other.seal(None)
    assert len(loads_in(landing_dir)) == 2


def test_a_sweep_removes_what_the_ledger_does_not_know(landing_dir):
    (known,) = land(landing_dir)
    (unknown,) = land(landing_dir)
    (others,) = land(landing_dir, source="0181-annan")
    assert sweep(landing_dir, "0180-exempel", {known.load_id}) == [unknown.load_id]
    verify_load(landing_dir, known)
    verify_load(landing_dir, others)
    assert len(loads_in(landing_dir)) == 2


def test_a_sweep_asks_for_the_known_loads_once_it_holds_the_lock(landing_dir):
    (known,) = land(landing_dir)

    def known_load_ids():
        with pytest.raises(BusyError), a_landing(landing_dir):
            pass
        return {known.load_id}

    assert sweep(landing_dir, "0180-exempel", known_load_ids) == []


def test_a_sweep_before_the_first_landing_does_nothing(landing_dir):
    assert sweep(landing_dir, "0180-exempel", set()) == []
    assert not landing_dir.exists()


def test_a_changed_file_is_found_out(landing_dir):
    (manifest,) = land(landing_dir)
    verify_load(landing_dir, manifest)
    (path,) = load_files(landing_dir, manifest)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(LandingError, match="not the file that was landed"):
        verify_load(landing_dir, manifest)
    path.unlink()
    with pytest.raises(LandingError, match="cannot be read"):
        verify_load(landing_dir, manifest)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"night": 3}'])
def test_a_damaged_manifest_is_an_error(tmp_path, text):
    path = tmp_path / "manifest.json"
    path.write_text(text)
    with pytest.raises(LandingError, match="damaged"):
        read_manifest(path)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte."""
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount program here")
    if mounted.returncode:
        pytest.skip("mounting a small tmpfs is not permitted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)  # noqa: S607


def test_a_full_disk_is_told_and_nothing_is_left(small_disk):
    landing_dir = small_disk / "landing"
    (kept,) = land(landing_dir)
    rows = [{"lesson_id": os.urandom(100).hex()} for _ in range(20_000)]
    with pytest.raises(LandingError, match="disk is full") as caught:
        land(landing_dir, pa.RecordBatch.from_pylist(rows, schema=SCHEMA), source="0181-annan")
    assert caught.value.__suppress_context__
    assert loads_in(landing_dir) == [f"lessons/0180-exempel/{kept.load_id}"]
    assert list((landing_dir / ".staging").iterdir()) == []
    verify_load(landing_dir, kept)
    assert len(land(landing_dir, source="0181-annan")) == 1


def test_a_row_group_that_could_not_be_written_behind_the_readers_back_is_told(landing_dir, monkeypatch):
    def no_room(*_, **__):
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr("narvaro.landing.parquet.ROW_GROUP_ROWS", 10)
    monkeypatch.setattr(pq.ParquetWriter, "write_table", no_room)
    for batches in ([a_batch(12)], [a_batch(12)] * 3):
        with pytest.raises(LandingError, match="disk is full"):
            land(landing_dir, *batches)
        assert loads_in(landing_dir) == []
        assert list((landing_dir / ".staging").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "landing").write_text("in the way")
    with pytest.raises(LandingError, match="cannot be written"):
        land(tmp_path / "landing")


# Where a process is killed: by the name of the function of `os` or of the room that it has just called.
MOMENTS = ["write", "finish", "first rename", "last rename"]

KILLED = textwrap.dedent(
    """
    import os, signal, sys
    from datetime import UTC, date, datetime
    from pathlib import Path
    import pyarrow as pa
    from narvaro.landing import NightLanding

    landing_dir, moment = sys.argv[1:]
    renamed = []

    def die():
        os.kill(os.getpid(), signal.SIGKILL)

    rename = Path.rename
    def counted(self, target):
        rename(self, target)
        renamed.append(target)
        if moment == "first rename" or (moment == "last rename" and len(renamed) == 2):
            die()
        return target
    Path.rename = counted

    finish = NightLanding._finish
    def finished(self, *arguments):
        result = finish(self, *arguments)
        if moment == "finish":
            die()
        return result
    NightLanding._finish = finished

    batch = pa.RecordBatch.from_pylist([{"id": "1"}], schema=pa.schema([("id", pa.string())]))
    until = datetime(2026, 9, 19, 1, tzinfo=UTC)
    with NightLanding(Path(landing_dir), "0180-exempel", date(2026, 9, 19), until, {}) as landing:
        landing.write("lessons", batch)
        landing.write("grades", batch)
        if moment == "write":
            die()
        landing.seal(None)
    """
)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_landing_leaves_nothing_that_a_sweep_does_not_mend(landing_dir, moment):
    (known,) = land(landing_dir)
    process = subprocess.run([sys.executable, "-c", KILLED, str(landing_dir), moment], check=False)
    assert process.returncode == -signal.SIGKILL
    left = len(loads_in(landing_dir)) - 1
    assert left == {"write": 0, "finish": 0, "first rename": 1, "last rename": 2}[moment]
    assert len(list((landing_dir / ".staging").iterdir())) == 1

    assert len(sweep(landing_dir, "0180-exempel", {known.load_id})) == left
    assert list((landing_dir / ".staging").iterdir()) == []
    verify_load(landing_dir, known)
    assert len(land(landing_dir)) == 1


def test_the_next_landing_clears_a_killed_ones_staging(landing_dir):
    subprocess.run([sys.executable, "-c", KILLED, str(landing_dir), "write"], check=False)
    (manifest,) = land(landing_dir, night=NIGHT + timedelta(days=1))
    assert list((landing_dir / ".staging").iterdir()) == []
    assert loads_in(landing_dir) == [f"lessons/0180-exempel/{manifest.load_id}"]


def test_a_sweep_inside_a_landing_uses_the_same_lock(landing_dir):
    (unknown,) = land(landing_dir)
    with a_landing(landing_dir) as landing:
        assert landing.sweep(set()) == [unknown.load_id]
        landing.write("lessons", a_batch())
        (manifest,) = landing.seal(None)
    verify_load(landing_dir, manifest)
