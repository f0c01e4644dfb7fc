from __future__ import annotations

import dataclasses
import datetime as dt
import errno
import fcntl
import hashlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from invented_county import CANARY, NIGHT

from narvaro.errors import BusyError, PublishError
from narvaro.publish import release as release_module
from narvaro.publish import shelf
from narvaro.publish.release import publish_release
from narvaro.publish.tables import release_table


@pytest.fixture(autouse=True)
def _plain_page(monkeypatch):
    """Charts take a second and have their own tests; the page's place in a release is what counts here."""
    monkeypatch.setattr(release_module, "render_page", lambda **facts: f"<p>{facts['release_id']} {facts['night']}</p>")


@pytest.fixture
def published_dir(tmp_path):
    return tmp_path / "published"


@pytest.fixture
def publish(tables, county, published_dir):
    """Publish the invented county; override what your test is about."""

    def publish(**changes):
        facts = {
            "tables": tables,
            "county": county,
            "night": NIGHT,
            "loads_fingerprint": "f00d",
            "published_dir": published_dir,
            "code_version": "0.1.0",
        }
        return publish_release(**(facts | changes))

    return publish


def snapshot(folder: Path) -> dict:
    """Every file and link with its bytes, number and time: nothing may differ when nothing changed."""
    return {
        str(path.relative_to(folder)): (path.readlink() if path.is_symlink() else path.read_bytes())
        and (path.lstat().st_ino, path.lstat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def whole_release(published_dir: Path) -> str:
    """The release that a reader meets, after every one of its files has been held against its manifest."""
    manifest = json.loads((published_dir / "release.json").read_text(encoding="utf-8"))
    for name, sha256 in manifest["files"].items():
        assert hashlib.sha256((published_dir / name).read_bytes()).hexdigest() == sha256, name
    with duckdb.connect(str((published_dir / "narvaro.duckdb").resolve()), read_only=True) as connection:
        assert connection.execute("select release_id from releases").fetchall() == [(manifest["release_id"],)]
    return manifest["release_id"]


def test_release_holds_every_table_in_every_form(publish, published_dir, county):
    release = publish()
    # Tables of the ledger are added by whoever has a ledger.
    names = {table.name for table in county.publication.tables if not table.is_of_ledger} | {"releases"}
    assert release.changed
    assert {table.name for table in release.tables} == names
    assert {path.stem for path in (published_dir / "csv").iterdir()} == names
    with duckdb.connect(str(published_dir / "narvaro.duckdb"), read_only=True) as connection:
        counts = {name: connection.execute(f"select count(*) from {name}").fetchone()[0] for name in names}
    assert counts == {table.name: table.rows for table in release.tables}
    assert whole_release(published_dir) == release.release_id


def test_release_manifest_says_what_it_rests_on(publish, published_dir):
    release = publish()
    manifest = json.loads((published_dir / "release.json").read_text(encoding="utf-8"))
    assert (manifest["night"], manifest["loads_fingerprint"], manifest["code_version"], manifest["status"]) == (
        "2026-09-19", "f00d", "0.1.0", "preliminary",
    )  # fmt: skip
    assert manifest["tables"] == [dataclasses.asdict(table) for table in release.tables]


def test_release_holds_no_trace_of_a_pupil(publish, published_dir):
    publish()
    for path in (path for path in published_dir.rglob("*") if path.is_file()):
        assert CANARY.encode() not in path.read_bytes(), path.name


def test_publishing_the_same_night_again_touches_no_file(publish, published_dir):
    first = publish()
    before = snapshot(published_dir)
    again = publish()
    assert (again.release_id, again.changed) == (first.release_id, False)
    assert snapshot(published_dir) == before


def test_release_has_the_same_bytes_in_another_place(publish, published_dir, tmp_path):
    one = publish()
    other = publish(published_dir=tmp_path / "elsewhere")
    assert one.release_id == other.release_id
    assert shelf.file_hashes(published_dir / "current") == shelf.file_hashes(tmp_path / "elsewhere" / "current")


@pytest.mark.parametrize(
    "changes",
    [{"loads_fingerprint": "beef"}, {"code_version": "0.2.0"}, {"night": NIGHT + dt.timedelta(days=1)}],
)
def test_release_id_follows_what_the_release_rests_on(publish, published_dir, changes):
    first = publish()
    second = publish(**changes)
    assert second.changed
    assert second.release_id != first.release_id
    assert whole_release(published_dir) == second.release_id


def test_reader_inside_a_replaced_release_keeps_it(publish, published_dir):
    first = publish()
    with duckdb.connect(str((published_dir / "narvaro.duckdb").resolve()), read_only=True) as connection:
        publish(loads_fingerprint="beef")
        assert connection.execute("select release_id from releases").fetchall() == [(first.release_id,)]


def test_shelf_keeps_the_current_release_and_the_one_before(publish, published_dir):
    ids = [publish(loads_fingerprint=text).release_id for text in ("a", "b", "c")]
    assert {path.name for path in (published_dir / "releases").iterdir()} == set(ids[1:])


def test_damaged_release_is_mended(publish, published_dir):
    release = publish()
    (published_dir / "csv" / "municipalities.csv").write_text("damaged", encoding="utf-8")
    (published_dir / "csv" / "school_units.csv").unlink()
    (published_dir / "csv" / "stranger.csv").write_text("not ours", encoding="utf-8")
    (published_dir / "index.html").unlink()
    assert publish().changed
    assert whole_release(published_dir) == release.release_id
    assert not publish().changed


def test_two_publications_at_once_are_refused(publish, published_dir):
    publish()
    before = snapshot(published_dir)
    with (published_dir / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BusyError, match="Another publication"):
            publish(loads_fingerprint="beef")
    assert snapshot(published_dir) == before


def test_full_disk_leaves_the_last_release(publish, published_dir, monkeypatch):
    first = publish()

    def full(*_args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(PublishError, match="No space left"):
            publish(loads_fingerprint="beef")
    assert whole_release(published_dir) == first.release_id
    assert publish(loads_fingerprint="beef").changed
    assert not list((published_dir / "releases").glob(".*"))


def test_unlisted_column_leaves_the_last_release(publish, published_dir, tables):
    first = publish()
    table = tables[0]
    wide = dataclasses.replace(table, data=table.data.append_column("pupil_id", table.data["county_code"]))
    with pytest.raises(PublishError, match="pupil_id"):
        publish(tables=[wide, *tables[1:]])
    assert whole_release(published_dir) == first.release_id


def _publish_until_killed(publish, fatal_step: int) -> None:
    """Publish in a process that dies by SIGKILL just before its n-th step on the disk."""
    steps = 0

    def deadly(action):
        def step(*args, **kwargs):
            nonlocal steps
            steps += 1
            if steps == fatal_step:
                os.kill(os.getpid(), signal.SIGKILL)
            return action(*args, **kwargs)

        return step

    for owner, name in (
        (Path, "mkdir"), (Path, "write_bytes"), (Path, "write_text"), (Path, "rename"), (Path, "replace"),
        (Path, "symlink_to"), (Path, "unlink"), (os, "fsync"), (shelf.shutil, "rmtree"),
    ):  # fmt: skip
        setattr(owner, name, deadly(getattr(owner, name)))
    publish()


@pytest.mark.parametrize("starts_empty", [True, False])
def test_kill_at_any_step_leaves_the_old_or_the_new_and_the_next_run_mends(
    publish, published_dir, tables, starts_empty
):
    fork = multiprocessing.get_context("fork")
    met, step, exit_code = set(), 0, -signal.SIGKILL
    old = None if starts_empty else publish().release_id
    while exit_code == -signal.SIGKILL:
        step += 1
        # From the fourth step on the killed one has left something, so that the sweep is killed as well.
        changed = {"loads_fingerprint": f"beef{step}", "tables": tables[-2:]}
        process = fork.Process(target=_publish_until_killed, args=(lambda: publish(**changed), step))  # noqa: B023
        process.start()
        process.join()
        exit_code = process.exitcode
        if (published_dir / "current").exists() and all((published_dir / name).exists() for name in shelf.ENTRANCES):
            met.add(whole_release(published_dir) == old)
        else:
            assert starts_empty, "readers of an old release met nothing"
        old = publish(**changed).release_id
        assert whole_release(published_dir) == old
        assert not list(published_dir.glob(".building*"))
        assert not list((published_dir / "releases").glob(".building*"))
    assert exit_code == 0
    assert step > 15
    assert met == {True, False}


def test_release_table_is_typed_even_in_one_row():
    row = {"release_id": "a", "night": NIGHT, "county_code": "99", "county_name": "X", "status": "preliminary"}
    data = release_table(row | {"loads_fingerprint": "f", "code_version": "0"}).data
    assert [str(field.type) for field in data.schema][:2] == ["string", "date32[day]"]


def test_publish_imports_neither_the_warehouse_nor_the_scheduler():
    code = "import sys, narvaro.publish.release; print(sorted(m for m in sys.modules if m.startswith('narvaro.')))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "narvaro.disclosure" not in loaded
    assert "narvaro.warehouse" not in loaded


def test_a_withdrawn_release_is_gone_and_an_unwithdrawn_stays(publish, published_dir):
    releases = published_dir / "releases"
    first = publish(code_version="1").release_id
    second = publish(code_version="2")
    assert {path.name for path in releases.iterdir()} == {first, second.release_id}
    assert second.withdrawn == ()
    third = publish(code_version="3", withdraw=True)
    assert {path.name for path in releases.iterdir()} == {third.release_id}
    assert set(third.withdrawn) == {first, second.release_id}
    whole_release(published_dir)


def test_a_release_that_stands_already_withdraws_what_a_killed_run_left(publish, published_dir):
    first = publish(code_version="1").release_id
    publish(code_version="2")
    again = publish(code_version="2", withdraw=True)
    assert not again.changed
    assert again.withdrawn == (first,)
    assert {path.name for path in (published_dir / "releases").iterdir()} == {again.release_id}
