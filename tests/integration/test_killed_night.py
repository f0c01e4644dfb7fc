"""A night that is killed at every durable step ends as if nothing had happened."""

from __future__ import annotations

import email
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pytest
from other_process import KILLED, KillPoint, output_path, run_steps
from simulated_line import SCALE, TWO_FAULTS, SimulatedLine, simulated_line

from narvaro.alerts.catcher import MailCatcher

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# In the order of the night: each next run gets a little further.
KILL_POINTS = (
    KillPoint("land", "after", "narvaro.landing.night:NightLanding.write"),
    KillPoint("land", "after", "narvaro.landing.night:NightLanding.mark"),
    KillPoint("land", "before", "narvaro.landing.night:NightLanding.seal"),
    KillPoint("land", "after", "narvaro.landing.night:NightLanding._put_in_place"),
    KillPoint("land", "after", "narvaro.landing.night:NightLanding.seal"),
    KillPoint("land", "after", "narvaro.ledger:Ledger.record_landing"),
    KillPoint("land", "after", "narvaro.quality:write_quarantine"),
    KillPoint("land", "before", "narvaro.ledger:Ledger.settle_accepted"),
    KillPoint("land", "after", "narvaro.ledger:Ledger.settle_accepted"),
    KillPoint("land", "before", "narvaro.ledger:Ledger.settle_refused"),
    KillPoint("build", "after", "narvaro.warehouse.building:load"),
    KillPoint("build", "before", "narvaro.warehouse.building:_put_in_place"),
    KillPoint("build", "after", "narvaro.warehouse.building:_put_in_place"),
    KillPoint("publish", "after", "narvaro.publish.release:write_duckdb"),
    KillPoint("publish", "before", "narvaro.publish.shelf:_link"),
    KillPoint("publish", "after", "narvaro.publish.shelf:_link"),
    KillPoint("publish", "before", "narvaro.ledger:Ledger.record_release"),
    KillPoint("letters", "after", "narvaro.ledger:Ledger.queue_letter"),
    KillPoint("letters", "before", "narvaro.orchestration.county_steps:send_waiting"),
    KillPoint("letters", "after", "narvaro.ledger:Ledger.mark_sent"),
)


@dataclass
class Installation:
    """One installation and the letters that it has sent."""

    line: SimulatedLine
    catcher: MailCatcher

    def run(self, *steps: str, kill_at: KillPoint | None = None) -> int:
        self.line.simulator.set_clock(self.line.line.county.night_bound_at(self.line.night))
        return run_steps(self.line.env, self.line.night, *([steps] if steps else []), kill_at=kill_at)

    def output(self) -> str:
        """Read what the other processes have printed."""
        return output_path(self.line.env).read_text(encoding="utf-8")

    def published(self) -> dict[str, pa.Table]:
        """Read every published table but the one about the release itself, whose id rests on random load ids."""
        with duckdb.connect(str(self.line.line.settings.published_dir / "narvaro.duckdb"), read_only=True) as store:
            names = [name for (name,) in store.execute("select table_name from duckdb_tables()").fetchall()]
            return {name: store.table(name).order("all").to_arrow_table() for name in names if name != "releases"}

    def letters(self) -> list[tuple[str, str, str]]:
        """Give recipient, subject and id of every letter that has come."""
        messages = [email.message_from_bytes(path.read_bytes()) for path in self.catcher.letters()]
        return sorted((message["To"], message["Subject"], message["Message-ID"]) for message in messages)


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with (
        MailCatcher(tmp_path / "mail") as catcher,
        simulated_line(tmp_path / "home", scale=SCALE, faults=TWO_FAULTS) as line,
    ):
        line.send_letters_to("127.0.0.1", catcher.port)
        yield Installation(line, catcher)


@pytest.fixture
def undisturbed(finished_night: SimulatedLine, tmp_path: Path) -> Iterator[Installation]:
    """The same county after a night that nobody has killed, its letters not yet sent."""
    line = finished_night.copied_to(tmp_path / "undisturbed")
    with MailCatcher(tmp_path / "undisturbed-mail") as catcher:
        line.send_letters_to("127.0.0.1", catcher.port)
        yield Installation(line, catcher)


def test_killed_at_every_step_the_night_still_ends_the_same(installation: Installation, undisturbed: Installation):
    for point in KILL_POINTS:
        if point.step == "build":
            assert installation.run("land") == 0, installation.output()
        assert installation.run(point.step, kill_at=point) == KILLED, f"{point}\n{installation.output()}"
        assert_readers_see_all_or_nothing(installation, undisturbed)
    assert installation.run() == 0, installation.output()
    assert installation.published() == undisturbed.published()
    assert undisturbed.run("letters") == 0, undisturbed.output()
    assert installation.letters() == undisturbed.letters()
    assert len(undisturbed.letters()) == 2
    assert orphans(installation.line) == []


def test_killed_between_the_mail_server_and_the_ledger_the_letter_comes_again_as_the_same_message(
    undisturbed: Installation,
):
    """Nobody can make the two one: mail programs drop the second by its Message-ID."""
    point = KillPoint("letters", "before", "narvaro.ledger:Ledger.mark_sent")
    assert undisturbed.run("letters", kill_at=point) == KILLED
    (again,) = undisturbed.letters()
    assert undisturbed.run("letters") == 0
    assert undisturbed.letters().count(again) == 2
    assert len(set(undisturbed.letters())) == 2
    assert undisturbed.line.line.ledger.pending_letters() == []


def assert_readers_see_all_or_nothing(installation: Installation, undisturbed: Installation) -> None:
    """Whoever reads between the crash and the next run sees no release or a whole one."""
    published_dir = installation.line.line.settings.published_dir
    if (published_dir / "narvaro.duckdb").exists():
        assert installation.published() == undisturbed.published()
    warehouse = installation.line.line.settings.warehouse_path
    if warehouse.exists():
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            assert connection.execute("select count(*) from marts.dim_source").fetchone() == (6,)


def orphans(line: SimulatedLine) -> list[str]:
    """Give every file and folder that no part of the installation answers for."""
    settings, ledger = line.line.settings, line.line.ledger
    known = {load_id for source in line.line.county.sources for load_id in ledger.known_load_ids(source)}
    loads = [path for path in settings.landing_dir.glob("[!.]*/*/*") if path.name not in known]
    staged = list((settings.landing_dir / ".staging").glob("*"))
    held = [path for path in settings.quarantine_dir.rglob("*.parquet") if path.stem not in known]
    built = [path for path in settings.warehouse_path.parent.iterdir() if path.name not in _warehouse_files(settings)]
    released = [path for path in (settings.published_dir / "releases").iterdir() if path.name.startswith(".")]
    partial = [path for path in settings.home.rglob("*") if path.name.endswith((".partial", ".building", ".wal"))]
    found = {*loads, *staged, *held, *built, *released, *partial}
    return sorted(os.fspath(path.relative_to(settings.home)) for path in found)


def _warehouse_files(settings: object) -> set[str]:
    name = settings.warehouse_path.name
    return {name, f".{name}.lock"}
