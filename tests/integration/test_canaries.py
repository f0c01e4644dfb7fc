"""Nothing that names a person is kept or told anywhere, whatever happens."""

from __future__ import annotations

import base64
import binascii
import email
import email.policy
import os
import re
import shutil
import urllib.parse
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from other_process import KILLED, KillPoint, output_path, run_command, run_steps
from simulated_line import SimulatedLine, simulated_line

from narvaro.alerts.catcher import MailCatcher
from narvaro.simulator import canaries
from narvaro.simulator.canaries import person_record_ids

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

FAULTS = (
    {"source": "1060-olofstrom", "kind": "missing_reports", "from_date": date(2026, 9, 7)},
    {"source": "1080-karlskrona", "kind": "impossible_minutes", "rows": 7},
    {"source": "1081-ronneby", "kind": "wrong_header"},
    {"source": "1082-karlshamn", "kind": "silent"},
)
# All that was read is in staging by then, in files that can be read.
MID_LANDING = KillPoint("land", "before", "narvaro.landing.night:NightLanding._put_in_place")
MID_PERSON = KillPoint("land", "crash", "narvaro.privacy:Pseudonymiser.pupil_id")
MID_BUILD = KillPoint("build", "crash", "narvaro.warehouse.building:run_dbt")

_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_BARE_UUID = re.compile(rb"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
_NUMBER = re.compile(rb"[0-9][0-9-]{8,}[0-9]")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,}")
_HEX = re.compile(rb"(?:[0-9a-f]{2}){6,}")


class Search:
    """Finds texts in bytes, as they stand and as UTF-16, base64, hexadecimal and URL."""

    def __init__(self, texts: Iterable[str]) -> None:
        needles = {text.lower().encode() for text in texts}
        self._uuids = {needle for needle in needles if _UUID.fullmatch(needle)}
        self._bare_uuids = {needle.replace(b"-", b"") for needle in self._uuids}
        self._numbers = {needle for needle in needles - self._uuids if _NUMBER.fullmatch(needle)}
        self._lengths = sorted({len(number) for number in self._numbers})
        self._words = sorted(needles - self._uuids - self._numbers)

    def hits(self, content: bytes) -> set[str]:
        """Give the texts that stand in the content in any of the spellings."""
        found: set[bytes] = set()
        for spelled in _spellings(content):
            lowered = spelled.lower()
            found |= {word for word in self._words if word in lowered}
            found |= self._uuids.intersection(_UUID.findall(lowered))
            found |= self._bare_uuids.intersection(_BARE_UUID.findall(lowered))
            for run in set(_NUMBER.findall(lowered)):
                found |= self._numbers.intersection(_windows(run, self._lengths))
        return {text.decode() for text in found}


def _windows(run: bytes, lengths: Iterable[int]) -> Iterator[bytes]:
    for length in lengths:
        for start in range(len(run) - length + 1):
            yield run[start : start + length]


def _spellings(content: bytes) -> Iterator[bytes]:
    """Give the content read in every way that text is commonly written in bytes."""
    yield content
    yield content.translate(None, b"\0")  # UTF-16 and UTF-32 of everything that is not an accent
    if b"%" in content:
        yield urllib.parse.unquote_to_bytes(content)
    yield b"\n".join(_from_base64(run) for run in set(_BASE64.findall(content)))
    yield b"\n".join(binascii.unhexlify(run) for run in set(_HEX.findall(content.lower())))


def _from_base64(run: bytes) -> bytes:
    """Decode a run from each of its four places, for it may begin with letters of another word."""
    standard = run.translate(bytes.maketrans(b"-_", b"+/"))
    parts = [standard[place:] for place in range(4)]
    # A last single letter holds no byte; two or three want their padding.
    return b"\n".join(base64.b64decode(part[: len(part) - (len(part) % 4 == 1)] + b"==") for part in parts)


def leaks(folder: Path, search: Search) -> dict[str, set[str]]:
    """Search every byte under a folder, names too, and every value of its compressed files and letters."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("*")):
        hits = search.hits(os.fsencode(path.name))
        if path.is_file():
            hits |= search.hits(path.read_bytes())
            hits |= set().union(*(search.hits(values) for values in _values(path)))
        if hits:
            found[os.fspath(path.relative_to(folder))] = hits
    return found


def _values(path: Path) -> Iterator[bytes]:
    """Give what a file says once it is unpacked."""
    if path.suffix == ".parquet":
        yield from _columns(pq.read_table(path))
        yield repr(pq.read_metadata(path).metadata).encode()
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
            for schema, table in tables:
                yield from _columns(connection.execute(f'select * from "{schema}"."{table}"').to_arrow_table())
    elif path.suffix == ".eml":
        for part in email.message_from_bytes(path.read_bytes(), policy=email.policy.default).walk():
            if not part.is_multipart():
                yield part.get_content().encode()


def _columns(table: pa.Table) -> Iterator[bytes]:
    for column in table.columns:
        yield "\n".join(sorted(set(map(str, column.to_pylist())))).encode()


@dataclass
class Watched:
    """An installation that has had a bad night, and what is searched for in it."""

    line: SimulatedLine
    search: Search

    @property
    def home(self) -> Path:
        return self.line.line.settings.home

    def output(self) -> bytes:
        return output_path(self.line.env).read_bytes()


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A night with four faulty sources, two crashes and a kill, logged in every detail."""
    folder = tmp_path_factory.mktemp("watched")
    with simulated_line(folder / "home", scale=100.0, faults=FAULTS) as line:
        watched = Watched(line, Search([*canaries(line.world), *person_record_ids(line.world)]))
        with MailCatcher(line.line.settings.mail_dir) as catcher:
            line.send_letters_to("127.0.0.1", catcher.port)
            run_whole_night(watched)
            yield watched


def run_whole_night(watched: Watched) -> None:
    env, night = watched.line.env, watched.line.night
    date_option = ("--date", night.isoformat())
    assert run_command(env, "land", "1083-solvesborg", *date_option, kill_at=MID_PERSON) == 1
    assert run_steps(env, night, ("land",), kill_at=MID_LANDING) == KILLED
    # What a crash leaves on the disk must be as clean as what a good night leaves.
    assert list((watched.line.line.settings.landing_dir / ".staging").glob("*/*/*/*/*.parquet"))
    assert leaks(watched.home, watched.search) == {}
    exit_codes = {
        source.name: run_command(env, "land", source.name, *date_option)
        for source in watched.line.line.county.enabled_sources
    }
    assert exit_codes == {name: 3 if name in {"1081-ronneby", "1082-karlshamn"} else 0 for name in exit_codes}
    assert run_command(env, "build", *date_option, kill_at=MID_BUILD) == 1
    assert run_command(env, "build", *date_option) == 0, watched.output()[-3000:]
    assert run_command(env, "publish", *date_option) == 0
    assert run_command(env, "letters", *date_option) == 0
    assert run_command(env, "issues", "--json") == 0


def test_servers_do_send_what_is_searched_for(watched: Watched):
    """Without this the search would prove nothing."""
    hits = watched.search.hits(b"".join(sent_records(watched.line)))
    assert {"kanari", "kanarissa", "kanarieby", "kanariefeber", "070-1740605"} <= hits
    assert len(hits.intersection(person_record_ids(watched.line.world))) > 10
    assert len([text for text in hits if re.fullmatch(r"\d{8}-?\d{4}", text)]) > 10


def sent_records(line: SimulatedLine) -> Iterator[bytes]:
    """Ask a server for its persons as the connector does."""
    import httpx

    source = line.line.county.enabled_sources[0].name
    connection = line.line.find_connection(line.line.county.source(source).conn_id)
    grant = {"grant_type": "client_credentials"}
    token = httpx.post(connection.extra["token_url"], data=grant, auth=(connection.login, connection.password)).json()[
        "access_token"
    ]
    for resource in ("persons", "attendances", "absences"):
        answer = httpx.get(f"{connection.host}/{resource}", headers={"Authorization": f"Bearer {token}"})
        yield answer.content


def test_no_person_is_found_in_any_file(watched: Watched):
    assert len(watched.line.world.persons.source) > 100
    assert leaks(watched.home, watched.search) == {}


def test_no_person_is_found_in_what_was_printed_and_logged(watched: Watched):
    output = watched.output()
    assert b"nobody had thought of this" in output
    assert b"DEBUG" in output
    assert watched.search.hits(output) == set()


def test_letters_were_sent_and_searched(watched: Watched):
    assert len(list(watched.line.line.settings.mail_dir.glob("*.eml"))) == 4


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("plain", lambda text: text.encode()),
        ("utf-16", lambda text: text.encode("utf-16")),
        ("base64", lambda text: base64.b64encode(b"x" + text.encode())),
        ("hex", lambda text: text.encode().hex().encode()),
        ("url", lambda text: "".join(f"%{byte:02X}" for byte in text.encode()).encode()),
    ],
)
def test_search_finds_what_is_planted_in_bytes(watched: Watched, name: str, spelled: object):
    world = watched.line.world
    civic_number = next(number for number in world.persons.civic_number if number is not None)
    for text in ("Kanariella", civic_number, f"{civic_number[2:8]}-{civic_number[8:]}", person_record_ids(world)[0]):
        assert watched.search.hits(b"before " + spelled(text) + b" after"), (name, text)


def test_search_finds_what_is_planted_in_a_copy(watched: Watched, tmp_path: Path):
    """In a compressed column of each kind of file that an installation keeps."""
    person = person_record_ids(watched.line.world)[0]
    landed = next(watched.home.glob("landing/pupils/*/*/part-0000.parquet"))
    table = pq.read_table(landed)
    planted = pa.array([person] + [None] * (len(table) - 1), pa.string())
    pq.write_table(table.append_column("note", planted), tmp_path / "part-0000.parquet", compression="zstd")
    shutil.copy(watched.home / "published" / "narvaro.duckdb", tmp_path / "narvaro.duckdb")
    with duckdb.connect(str(tmp_path / "narvaro.duckdb")) as connection:
        connection.execute("update municipalities set municipality_name = 'Kanarieby'")
    found = leaks(tmp_path, watched.search)
    assert found["part-0000.parquet"] == {person}
    assert "kanarieby" in found["narvaro.duckdb"]
