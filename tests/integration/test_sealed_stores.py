"""An installation whose files lie sealed gives the same figures, and no file of rows can be read without the key."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import duckdb
import pyarrow.compute as pc
import pytest
from simulated_line import SimulatedLine, simulated_line

from narvaro.at_rest import is_sealed, lies_as_wanted, open_parquet
from narvaro.errors import NarvaroError
from narvaro.orchestration import erasure, key_rotation, removing, retention
from narvaro.orchestration.line import Line
from narvaro.orchestration.traces import traces_left
from narvaro.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

MUCH_LATER = date(2031, 1, 15)
FAULTS = ({"source": "1060-olofstrom", "kind": "impossible_minutes", "rows": 3},)
MART = "select * from marts.fct_absence_by_county_week order by all"


def finished(home: Path, switch: str) -> Iterator[SimulatedLine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NARVARO_ENCRYPT_AT_REST", switch)
        with simulated_line(home, faults=FAULTS, scale=150.0) as line:
            assert line.land_all(line.night) == {}
            line.build_and_publish(line.night)
            yield line


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedLine]:
    yield from finished(tmp_path_factory.mktemp("plain") / "home", "off")


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedLine]:
    yield from finished(tmp_path_factory.mktemp("sealed") / "home", "on")


@pytest.fixture
def copy(sealed: SimulatedLine, tmp_path: Path) -> SimulatedLine:
    return sealed.copied_to(tmp_path / "home")


def published(line: SimulatedLine) -> dict[str, list[str]]:
    """Give what the published tables say, without the release's own name."""
    tables = (line.line.settings.published_dir / "csv").glob("*.csv")
    return {path.name: path.read_text(encoding="utf-8").splitlines() for path in tables if path.stem != "releases"}


def county(line: Line) -> list[tuple[object, ...]]:
    with duckdb.connect(str(line.settings.warehouse_path), read_only=True) as store:
        return store.execute(MART).fetchall()


def parquet_files(line: Line) -> list[Path]:
    return sorted(path for path in line.settings.home.rglob("*.parquet") if path.is_file())


def people(line: Line) -> set[str]:
    """Give the pseudonyms and the ids of rows that have landed."""
    found: set[str] = set()
    for path in parquet_files(line):
        table = open_parquet(path).read()
        for name in {"person_id", "pupil_id", "attendance_id", "record_id"}.intersection(table.column_names):
            found |= set(pc.unique(table.column(name)).to_pylist()) - {None}
    return found


def assert_all_sealed(line: Line) -> None:
    """Nothing under the home folder begins or ends as Parquet does, and no byte beside the warehouse names a pupil."""
    assert parquet_files(line)
    texts = people(line)
    assert len(texts) > 1000
    for path in line.settings.home.rglob("*"):
        if not path.is_file():
            continue
        content = path.read_bytes()
        assert not content.startswith(b"PAR1"), path
        assert not content.endswith((b"PAR1", b"PARE")), path
        if path.suffix == ".parquet":
            assert is_sealed(path)
            words = {word.decode() for word in re.findall(rb"[0-9a-f-]{32,36}", content)}
            assert texts.isdisjoint(words), path
            assert b"person_id" not in content


def test_figures_are_those_of_plain_files(plain: SimulatedLine, sealed: SimulatedLine):
    assert county(sealed.line) == county(plain.line) != []
    assert published(sealed) == published(plain) != {}


def test_no_plain_file_is_left_anywhere(plain: SimulatedLine, sealed: SimulatedLine):
    assert list((sealed.line.settings.quarantine_dir).rglob("*.parquet"))
    assert_all_sealed(sealed.line)
    # The search must be able to find.
    with pytest.raises(AssertionError):
        assert_all_sealed(plain.line)


def test_without_the_key_nothing_is_read(copy: SimulatedLine):
    copy.line.settings.pseudonym_key_path.unlink()
    line = Line.open(copy.line.settings)
    with pytest.raises(NarvaroError):
        open_parquet(parquet_files(line)[0])
    removing.drop_warehouse(line)
    with pytest.raises(NarvaroError):
        removing.rebuild(line)


def test_a_pupil_is_erased(copy: SimulatedLine):
    line = copy.line
    pupils = next(path for path in parquet_files(line) if "/pupils/" in str(path))
    pupil_id = open_parquet(pupils).read().column("pupil_id")[0].as_py()
    found = erasure.find_pupil(line, [pupil_id])
    needles = {pupil_id, *(person_id for _, person_id in found.people)}
    assert {"landing", "warehouse"} <= {place.split("/")[0] for place in traces_left(line, needles)}
    assert erasure.erase(line, found, by="anna", reason="asked for").rows > 1
    assert traces_left(line, needles) == []
    assert needles.isdisjoint(people(line))
    assert_all_sealed(line)


def test_the_key_is_rotated(copy: SimulatedLine):
    before, figures = people(copy.line), county(copy.line)
    key_rotation.rotate_key(Line.open(copy.line.settings, during_switch=True))
    line = Line.open(copy.line.settings)
    assert county(line) == figures
    pupils = {text for text in before if re.fullmatch("[0-9a-f]{32}", text)}
    assert pupils
    assert pupils.isdisjoint(people(line))
    assert_all_sealed(line)
    assert all(lies_as_wanted(path) for path in parquet_files(line))


def test_a_rotation_seals_what_landed_plain_and_opens_what_is_no_longer_to_be(plain: SimulatedLine, tmp_path: Path):
    home = plain.copied_to(tmp_path / "home").line
    figures = county(home)
    for is_on in (True, False):
        settings = replace(home.settings, encrypt_at_rest=is_on)
        key_rotation.rotate_key(Line.open(settings, during_switch=True))
        assert {is_sealed(path) for path in parquet_files(home)} == {is_on}
        assert county(Line.open(settings)) == figures


def test_old_rows_go_and_kept_sums_are_sealed(copy: SimulatedLine):
    figures = county(copy.line)
    retention.enforce_retention(copy.line, MUCH_LATER, by="anna")
    assert county(copy.line) == figures
    kept = list((copy.line.settings.landing_dir / ".kept-sums").rglob("*.parquet"))
    assert kept
    assert all(is_sealed(path) for path in kept)


def test_sealed_files_are_read_when_new_ones_are_not_to_be(copy: SimulatedLine):
    figures = county(copy.line)
    line = Line.open(replace(copy.line.settings, encrypt_at_rest=False))
    removing.drop_warehouse(line)
    removing.rebuild(line)
    assert county(line) == figures
    assert Settings.from_env(copy.env).encrypt_at_rest
