from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from ledger_builders import NIGHT, a_load

import narvaro.ledger
from narvaro.errors import BusyError, LedgerError
from narvaro.ledger import Ledger
from narvaro.ledger.tables import METADATA, REVISION, VERSION_TABLE

WRITERS = 34
# What later revisions have added to the first.
ADDED_TABLES = (
    "source_capabilities",
    "source_reads",
    "brakes",
    "removals",
    "removal_runs",
    "access_heads",
    "issue_answers",
    "issue_tellings",
)
ADDED_COLUMNS = {
    "nights": ("reads",),
    "accesses": ("grain", "chain_hash"),
    "issues": ("owner", "escalated_night", "flapping_since"),
    "letters": ("channel", "role", "next_attempt_at", "failed_reason"),
}


# Forks from a process without threads of its own, as Airflow's executor does.
MANY_WRITERS = """
import multiprocessing, sys
from ledger_builders import BOUND, NIGHT, a_load
from narvaro.ledger import Ledger

def write_a_night(source):
    ledger = Ledger.open(sys.argv[1])
    ledger.record_landing(source, NIGHT, [a_load(source=source, load_id=f"{source}-{n}") for n in range(5)])
    ledger.settle_accepted(source, NIGHT, [], {"lessons": BOUND})

context = multiprocessing.get_context("fork")
writers = [context.Process(target=write_a_night, args=(f"s{n}",)) for n in range(int(sys.argv[2]))]
for writer in writers:
    writer.start()
for writer in writers:
    writer.join()
sys.exit(any(writer.exitcode for writer in writers))
"""


def test_many_processes_open_and_write_a_new_ledger_at_once(url):
    command = [sys.executable, "-c", MANY_WRITERS, url, str(WRITERS)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    subprocess.run(command, check=True, timeout=120, env=environment)
    assert len(Ledger.open(url).accepted_loads()) == WRITERS * 5


def test_migrations_give_exactly_the_tables(url):
    engine = Ledger.open(url)._engine
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, METADATA) == []
        assert context.get_current_revision() == REVISION


def test_the_known_revision_is_the_newest_migration():
    folder = Path(narvaro.ledger.__file__).with_name("migrations")
    assert ScriptDirectory(str(folder)).get_heads() == [REVISION]


def test_opening_again_changes_nothing(sqlite_url):
    Ledger.open(sqlite_url).record_landing("s", NIGHT, [a_load(source="s")])
    assert Ledger.open(sqlite_url).night("s", NIGHT).status == "landed"


def test_opening_a_current_ledger_does_not_import_alembic(sqlite_url):
    Ledger.open(sqlite_url)
    program = (
        "import sys; from narvaro.ledger import Ledger; Ledger.open(sys.argv[1]); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program, sqlite_url], check=False).returncode == 0


def test_a_newer_ledger_is_refused(url):
    engine = Ledger.open(url)._engine
    with engine.begin() as connection:
        version = sa.table(VERSION_TABLE, sa.column("version_num"))
        connection.execute(sa.update(version).values(version_num="9999"))
    with pytest.raises(LedgerError, match="another version"):
        Ledger.open(url)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "ledger.db"
    path.write_text("not a database, but long enough to be taken for one" * 50)
    with pytest.raises(LedgerError, match="not a database"):
        Ledger.open(f"sqlite:///{path}")


def test_sqlite_runs_in_wal_mode_for_the_owner_only(sqlite_url):
    Ledger.open(sqlite_url)
    path = Path(sa.make_url(sqlite_url).database)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with sqlite3.connect(path) as connection:
        assert connection.execute("pragma journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("bad", ["nonsense", "sqlite://", "sqlite:///:memory:", "nosuchdb://host/x"])
def test_a_bad_url_is_a_clear_error(bad):
    with pytest.raises(LedgerError, match="Write sqlite"):
        Ledger.open(bad)


def test_an_unreachable_server_does_not_show_its_password():
    with pytest.raises(LedgerError) as caught:
        Ledger.open("postgresql://narvaro:hemligt@127.0.0.1:1/ledger")
    assert "hemligt" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="cannot be created"):
        Ledger.open(f"sqlite:///{tmp_path / 'file' / 'ledger.db'}")


def test_a_lock_is_held_alone_and_freed(url):
    first, second = Ledger.open(url), Ledger.open(url)
    with first.lock("build"):
        with pytest.raises(BusyError, match="build"), second.lock("build"):
            pass
        with second.lock("publish"):
            pass
    with second.lock("build"):
        pass


def test_a_lock_dies_with_its_process(sqlite_url):
    Ledger.open(sqlite_url)
    program = (
        "import sys, time; from narvaro.ledger import Ledger; lock = Ledger.open(sys.argv[1]).lock('build')\n"
        "with lock: print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", program, sqlite_url], stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"held\n"
    ledger = Ledger.open(sqlite_url)
    with pytest.raises(BusyError), ledger.lock("build"):
        pass
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with ledger.lock("build"):
        pass


def test_a_lock_has_a_slug_for_a_name(sqlite_url):
    with pytest.raises(LedgerError, match="small letters"), Ledger.open(sqlite_url).lock("../build"):
        pass


def test_a_killed_writer_leaves_nothing_half_done(sqlite_url):
    ledger = Ledger.open(sqlite_url)
    program = (
        "import os, signal, sys; from narvaro.ledger.opening import open_engine, writing\n"
        "from narvaro.ledger.tables import NIGHTS; from datetime import date; import sqlalchemy as sa\n"
        "with writing(open_engine(sys.argv[1])) as c:\n"
        "    c.execute(sa.insert(NIGHTS).values(source='s', night=date(2026, 9, 19), status='landed', reason=''))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", program, sqlite_url], check=False)
    assert killed.returncode == -9
    assert ledger.nights() == []
    ledger.record_landing("s", NIGHT, [a_load(source="s")])
    assert json.dumps([night.status for night in ledger.nights()]) == '["landed"]'


def test_a_ledger_of_the_first_revision_is_migrated_with_its_nights(sqlite_url):
    Ledger.open(sqlite_url).record_landing("s", NIGHT, [a_load(source="s")])
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as database:
        for table in ADDED_TABLES:
            database.execute(f"drop table {table}")
        for table, columns in ADDED_COLUMNS.items():
            for column in columns:
                database.execute(f"alter table {table} drop column {column}")
        database.execute(f"update {VERSION_TABLE} set version_num = '0001'")
    migrated = Ledger.open(sqlite_url)
    assert (migrated.night("s", NIGHT).status, migrated.night("s", NIGHT).reads) == ("landed", ())
    migrated.settle_accepted("s", NIGHT, [], {})
    assert migrated.reads("s") == {}
