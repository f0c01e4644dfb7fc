"""The pseudonym key is rotated without asking a source, and a rotation that is killed leaves no rows of two keys."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

import duckdb
import pyarrow.parquet as pq
import pytest
from other_process import KILLED, KillPoint, output_path, run_command
from simulated_line import SimulatedLine

from narvaro.errors import BusyError, NarvaroError, PrivacyError
from narvaro.landing import is_switching, landed_manifests, verify_load
from narvaro.orchestration import county_steps, extraction, landing_steps
from narvaro.orchestration.key_rotation import rotate_key
from narvaro.orchestration.line import Line
from narvaro.orchestration.loads import load_paths
from narvaro.orchestration.pseudonym_key import key_in_force
from narvaro.privacy import Key, load_key, new_key, replace_key
from narvaro.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

REFUSED = PrivacyError.exit_code
# In the order of a rotation; from the plan on, only the command itself may go on.
HARMLESS = (
    KillPoint("rotate", "before", "narvaro.orchestration.key_rotation:replace_key"),
    KillPoint("rotate", "before", "narvaro.privacy.key_file:_flush_folder"),
    KillPoint("rotate", "after", "narvaro.landing.switching:_stage_load"),
    KillPoint("rotate", "before", "narvaro.landing.switching:_write_private"),
)
BARRED = (
    KillPoint("rotate", "after", "narvaro.landing.switching:_write_private"),
    KillPoint("rotate", "after", "narvaro.orchestration.key_rotation:switch"),
    KillPoint("rotate", "before", "narvaro.ledger:Ledger.replace_files"),
    KillPoint("rotate", "after", "narvaro.ledger:Ledger.replace_files"),
    KillPoint("rotate", "before", "narvaro.orchestration.key_rotation:end_switch"),
    KillPoint("rotate", "after", "narvaro.landing.switching:put_keys_in_force"),
)
AT_REST = (
    KillPoint("rotate", "after", "narvaro.orchestration.key_rotation:end_switch"),
    KillPoint("rotate", "before", "narvaro.warehouse.building:_put_in_place"),
)


pytestmark = pytest.mark.slow


@pytest.fixture
def home(finished_night: SimulatedLine, tmp_path: Path) -> SimulatedLine:
    return finished_night.copied_to(tmp_path / "home")


def pseudonyms(line: Line) -> dict[str, set[str]]:
    """Give every landed pseudonym, by what it stands for."""
    found: dict[str, set[str]] = {"person_id": set(), "pupil_id": set()}
    for path in line.settings.landing_dir.glob("[!.]*/*/*/*.parquet"):
        table = pq.read_table(path)
        for name in found.keys() & set(table.column_names):
            found[name] |= set(table.column(name).to_pylist()) - {None}
        if "entity" in table.column_names:
            rows = table.select(["entity", "record_id"]).to_pylist()
            found["person_id"] |= {row["record_id"] for row in rows if row["entity"] == "pupils"}
    return found


def everything(line: Line) -> set[str]:
    return set().union(*pseudonyms(line).values())


def figures(line: Line) -> list[tuple[object, ...]]:
    """Give what the county's marts say, without any pupil."""
    with duckdb.connect(str(line.settings.warehouse_path), read_only=True) as store:
        absence = store.execute("select * from marts.fct_absence_by_municipality_term order by all").fetchall()
        pupils = store.execute("select sex, is_protected, count(*) from marts.dim_pupil group by all order by all")
        return [*absence, *pupils.fetchall()]


def assert_in_one_piece(line: Line) -> None:
    """Every load is what the ledger says, by one key, and its rows join as before."""
    key_id = key_in_force(line).key_id
    manifests = landed_manifests(line.settings.landing_dir)
    for manifest in manifests:
        verify_load(line.settings.landing_dir, manifest)
        assert manifest.key_id == key_id
    known = {load.load_id: [file.sha256 for file in load.files] for load in line.ledger.loads()}
    for manifest in manifests:
        assert known[manifest.load_id] == [file.sha256 for file in manifest.files]
    leftovers = [path.name for path in line.settings.landing_dir.glob(".switching*")]
    assert leftovers == []


def bytes_that_hold(home: Path, texts: set[str]) -> list[Path]:
    """Give the files that hold one of the texts as it is; columns are searched by `pseudonyms`."""
    wanted = [text.encode() for text in texts]
    return [
        path
        for path in home.rglob("*")
        if path.is_file() and not path.is_symlink() and any(text in path.read_bytes() for text in wanted)
    ]


def texts_of_parquet(home: Path) -> set[str]:
    """Give every text in every Parquet file, quarantine and all."""
    tables = [pq.read_table(path) for path in home.rglob("*.parquet")]
    columns = [column for table in tables for column in table.columns if column.type == "string"]
    return {text for column in columns for text in column.unique().to_pylist()}


def test_a_rotation_keys_every_row_anew_and_changes_no_figure(home: SimulatedLine):
    line = home.line
    before, said = pseudonyms(line), figures(line)
    old_key = load_key(line.settings.pseudonym_key_path)
    done = rotate_key(Line.open(line.settings, during_switch=True))
    after = pseudonyms(line)
    assert done.staged is not None
    assert done.key_id == load_key(line.settings.pseudonym_key_path).key_id != old_key.key_id
    for name, values in before.items():
        assert len(after[name]) == len(values)
        assert not after[name] & values
    assert_in_one_piece(line)
    assert figures(line) == said
    few = set(list(everything_of(before))[:300])
    assert bytes_that_hold(line.settings.home, few) == []
    assert not texts_of_parquet(line.settings.home) & everything_of(before)


def everything_of(found: dict[str, set[str]]) -> set[str]:
    return set().union(*found.values())


def test_what_lands_after_a_rotation_meets_what_landed_before(home: SimulatedLine):
    line = home.line
    rotate_key(Line.open(line.settings, during_switch=True))
    known = pseudonyms(line)["person_id"]
    night = home.night + timedelta(days=3)
    home.land_all(night)
    paths = [path for load in line.ledger.loads(night) for path in load_paths(line.settings, load)]
    people = {
        person
        for path in paths
        if path.match("attendances/*/*/*.parquet")
        for person in pq.read_table(path)["person_id"].to_pylist()
    }
    assert len(people) > 20
    assert len(people & known) > 0.9 * len(people)
    assert {manifest.key_id for manifest in landed_manifests(line.settings.landing_dir)} == {key_in_force(line).key_id}
    county_steps.build(line, night)


def test_twice_rotated_is_the_same_people_still(home: SimulatedLine):
    line = home.line
    said = figures(line)
    for _ in range(2):
        rotate_key(Line.open(line.settings, during_switch=True))
    assert len(key_in_force(line).key_ids) == 3
    assert_in_one_piece(line)
    assert figures(line) == said


def test_killed_before_the_plan_the_old_key_stands(home: SimulatedLine):
    line = home.line
    before, key = pseudonyms(line), key_in_force(line)
    for point in HARMLESS:
        assert run_command(home.env, "privacy", "rotate-key", kill_at=point) == KILLED, point
        assert pseudonyms(line) == before
        assert key_in_force(line) == key
        assert run_command(home.env, "build", "--date", str(home.night)) == 0, told(home)
    # Several runs have begun, and one secret was added: no run makes up another before that one is in force.
    assert run_command(home.env, "privacy", "rotate-key") == 0, told(home)
    assert not everything(line) & everything_of(before)
    assert len(key_in_force(line).key_ids) == 2
    assert_in_one_piece(line)


def test_killed_while_switching_nobody_else_reads_until_it_is_finished(home: SimulatedLine):
    line = home.line
    before, said = everything(line), figures(line)
    source = line.county.enabled_sources[0].name
    for point in BARRED:
        assert run_command(home.env, "privacy", "rotate-key", kill_at=point) == KILLED, f"{point} {told(home)}"
        assert is_switching(line.settings.landing_dir)
        for command in (("build",), ("land", source), ("status",), ("privacy", "key")):
            assert run_command(home.env, *command) == REFUSED, (point, command)
        assert "narvaro privacy rotate-key --resume" in " ".join(told(home).split())
    assert run_command(home.env, "privacy", "rotate-key", "--resume") == 0, told(home)
    assert not everything(line) & before
    assert len(key_in_force(line).key_ids) == 2
    assert_in_one_piece(line)
    assert figures(line) == said


def test_killed_behind_the_switch_only_the_build_is_missing(home: SimulatedLine):
    line = home.line
    said = figures(line)
    for point, arguments in zip(AT_REST, ((), ("--resume",)), strict=True):
        assert run_command(home.env, "privacy", "rotate-key", *arguments, kill_at=point) == KILLED, point
        assert_in_one_piece(line)
        assert not line.settings.warehouse_path.exists()
    assert run_command(home.env, "privacy", "rotate-key", "--resume") == 0, told(home)
    assert len(key_in_force(line).key_ids) == 2
    assert figures(line) == said


def told(home: SimulatedLine) -> str:
    """Read what the commands have printed."""
    return output_path(home.env).read_text(encoding="utf-8")


def test_killed_between_two_renames_the_rest_follows(home: SimulatedLine, monkeypatch: pytest.MonkeyPatch):
    """Every landed file has its turn at being the last that was renamed."""
    line = home.line
    before = everything(line)
    renames = 0
    rename = type(line.settings.home).replace

    def failing(self: Path, target: Path) -> Path:
        nonlocal renames
        if self.match(".switching/*/*/*/*"):
            renames += 1
            if renames % 9 == 0:
                message = "killed"
                raise KeyboardInterrupt(message)
        return rename(self, target)

    monkeypatch.setattr(type(line.settings.home), "replace", failing)
    for _ in range(200):
        try:
            rotate_key(Line.open(line.settings, during_switch=True), only_resume=renames > 0)
        except KeyboardInterrupt:
            with pytest.raises(PrivacyError, match="side by side"):
                Line.open(line.settings)
            with pytest.raises(PrivacyError, match="side by side"):
                county_steps.build(line, home.night)
        else:
            break
    assert renames > 20
    assert not everything(line) & before
    assert_in_one_piece(line)


def test_a_night_that_read_the_key_before_the_rotation_lands_nothing(
    home: SimulatedLine, monkeypatch: pytest.MonkeyPatch
):
    line, night = home.line, home.night + timedelta(days=3)
    home.simulator.set_clock(line.county.night_bound_at(night))
    source = line.county.enabled_sources[0].name
    probe = extraction.probe_when_due

    def rotating(line: Line, source: str) -> object:
        rotate_key(Line.open(line.settings, during_switch=True))
        return probe(line, source)

    monkeypatch.setattr(extraction, "probe_when_due", rotating)
    with pytest.raises(PrivacyError, match="rotated meanwhile"):
        landing_steps.land(line, source, night)
    assert_in_one_piece(line)


def test_a_night_by_another_key_is_refused(home: SimulatedLine):
    line, night = home.line, home.night + timedelta(days=3)
    home.simulator.set_clock(line.county.night_bound_at(night))
    replace_key(line.settings.pseudonym_key_path, new_key())
    with pytest.raises(PrivacyError, match="not the one that the landed rows are keyed by"):
        landing_steps.land(line, line.county.enabled_sources[0].name, night)
    with pytest.raises(PrivacyError, match="not the one"):
        rotate_key(Line.open(line.settings, during_switch=True))


def test_a_key_from_before_the_rotation_is_refused(home: SimulatedLine):
    """As after restoring the secrets from a backup, and not the landing."""
    line = home.line
    old = load_key(line.settings.pseudonym_key_path)
    rotate_key(Line.open(line.settings, during_switch=True))
    replace_key(line.settings.pseudonym_key_path, old)
    with pytest.raises(PrivacyError, match="not the one"):
        key_in_force(line)


def test_a_missing_key_is_not_made_up_though_the_ledger_is_new(home: SimulatedLine, tmp_path: Path):
    home.line.settings.pseudonym_key_path.unlink()
    env = {**home.env, "NARVARO_LEDGER_URL": f"sqlite:///{tmp_path / 'new.db'}"}
    with pytest.raises(PrivacyError, match="missing"):
        key_in_force(Line.open(Settings.from_env(env)))


def test_the_key_may_be_kept_in_a_connection(home: SimulatedLine):
    line = home.line
    key = load_key(line.settings.pseudonym_key_path)
    line.settings.pseudonym_key_path.unlink()
    keep_in_connection(home, key)
    settings = Settings.from_env({**home.env, "NARVARO_PSEUDONYM_KEY_CONN_ID": "narvaro_pseudonym_key"})
    line = Line.open(settings, during_switch=True)
    assert key_in_force(line) == key
    with pytest.raises(PrivacyError, match="behind the present one"):
        rotate_key(line)
    before, longer = everything(line), key.extended()
    keep_in_connection(home, longer)
    line.settings.connections_path.chmod(0o644)
    with pytest.raises(PrivacyError, match="lets others at the pseudonym key"):
        key_in_force(line)
    line.settings.connections_path.chmod(0o600)
    # The new secret counts from the rotation on: nights before it land by the old one.
    assert key_in_force(line) == key
    rotate_key(line)
    assert key_in_force(line) == longer
    assert not everything(line) & before
    assert not settings.pseudonym_key_path.exists()


def keep_in_connection(home: SimulatedLine, key: Key) -> None:
    home.line.settings.connections_path.chmod(0o600)
    home.set_connection("narvaro_pseudonym_key", conn_type="generic", password=" ".join(key.to_text().split()))


def test_a_night_that_is_not_judged_bars_the_rotation(home: SimulatedLine):
    line, night = home.line, home.night + timedelta(days=3)
    home.simulator.set_clock(line.county.night_bound_at(night))
    source = line.county.enabled_sources[0].name
    landing_steps.land(line, source, night)
    key = key_in_force(line)
    with pytest.raises(BusyError, match="not yet judged"):
        rotate_key(Line.open(line.settings, during_switch=True))
    assert load_key(line.settings.pseudonym_key_path) == key
    landing_steps.judge(line, source, night)
    rotate_key(Line.open(line.settings, during_switch=True))


def test_landing_of_before_the_key_was_noted_is_of_its_first_secret(home: SimulatedLine):
    line = home.line
    (line.settings.landing_dir / ".key.json").unlink()
    key = load_key(line.settings.pseudonym_key_path)
    replace_key(line.settings.pseudonym_key_path, key.extended())
    assert key_in_force(line) == key


def test_a_damaged_landed_file_stops_the_rotation_before_anything_is_replaced(home: SimulatedLine):
    line = home.line
    (path, *_) = sorted(line.settings.landing_dir.glob("attendances/*/*/*.parquet"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-200])
    with pytest.raises(NarvaroError, match="not the file that was landed"):
        rotate_key(Line.open(line.settings, during_switch=True))
    assert not is_switching(line.settings.landing_dir)
    path.write_bytes(whole)
    rotate_key(Line.open(line.settings, during_switch=True), only_resume=True)
    assert_in_one_piece(line)


def test_without_room_the_old_rows_stand(home: SimulatedLine, monkeypatch: pytest.MonkeyPatch):
    line, before = home.line, everything(home.line)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("narvaro.landing.rewriting.flush_to_disk", full)
        with pytest.raises(NarvaroError, match="disk is full"):
            rotate_key(Line.open(line.settings, during_switch=True))
    assert everything(line) == before
    shutil.rmtree(line.settings.landing_dir / ".switching")
    county_steps.build(Line.open(line.settings), home.night)
