"""Nothing that names a person is kept or told anywhere, whatever happens."""

from __future__ import annotations

import base64
import gzip
import json
import re
import shutil
import sqlite3
import zlib
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from byte_search import found_in
from canary_search import Search, leaks
from command_line import narvaro
from other_process import KILLED, KillPoint, output_path, run_command, run_steps
from simulated_line import BLEKINGE, SimulatedLine, simulated_line

from narvaro.alerts.catcher import MailCatcher
from narvaro.simulator.canaries import person_record_ids
from narvaro.sources.ss12000.columns import NOT_A_CODE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FAULTS = (
    {"source": "1060-olofstrom", "kind": "missing_reports", "from_date": date(2026, 9, 7)},
    {"source": "1080-karlskrona", "kind": "impossible_minutes", "rows": 7},
    {"source": "1081-ronneby", "kind": "wrong_header"},
    {"source": "1082-karlshamn", "kind": "silent"},
    # What a server may say of people without being asked, and where no list was meant to hold it.
    {"source": "1080-karlskrona", "kind": "names_unasked"},
    {"source": "1080-karlskrona", "kind": "extra_fields"},
    {"source": "1080-karlskrona", "kind": "unknown_enum", "shape": "prose", "resource": "persons", "share": 0.2},
    {"source": "1083-solvesborg", "kind": "error_shape", "shape": "telling", "resource": "grades"},
)
UNREAD = {"1081-ronneby", "1082-karlshamn", "1083-solvesborg"}
# All that was read is in staging by then, in files that can be read.
MID_LANDING = KillPoint("land", "before", "narvaro.landing.night:NightLanding._put_in_place")
MID_PERSON = KillPoint("land", "crash", "narvaro.privacy:Pseudonymiser.pupil_id")
MID_BUILD = KillPoint("build", "crash", "narvaro.warehouse.building:run_dbt")


@dataclass
class Watched:
    """An installation that has had a bad night, and what is searched for in it."""

    line: SimulatedLine
    search: Search

    @property
    def home(self) -> Path:
        return self.line.line.settings.home

    @property
    def folder(self) -> Path:
        """The installation, what it printed, and the folder that its processes have for temporary files."""
        return self.home.parent

    @property
    def temp_dir(self) -> Path:
        return self.home.with_name("temporary")

    def output(self) -> bytes:
        return output_path(self.line.env).read_bytes()


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A night with four faulty sources, two crashes and a kill, logged in every detail."""
    folder = tmp_path_factory.mktemp("watched")
    config = shutil.copytree(BLEKINGE, folder / "config")
    keep_coarse_reasons(config / "sources.yml")
    with simulated_line(folder / "home", config, scale=100.0, faults=FAULTS) as line:
        watched = Watched(line, Search.for_world(line.world))
        line.env["TMPDIR"] = str(watched.temp_dir)
        watched.temp_dir.mkdir()
        with MailCatcher(line.line.settings.mail_dir) as catcher:
            line.send_letters_to("127.0.0.1", catcher.port)
            run_whole_night(watched)
            yield watched


def keep_coarse_reasons(path: Path) -> None:
    """Have every source's written reasons read, so that they could be kept."""
    entries = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"(?m)^(\s+owner: .*)$", r"\1\n    reasons: coarse", entries), encoding="utf-8")


def run_whole_night(watched: Watched) -> None:
    env, night = watched.line.env, watched.line.night
    date_option = ("--date", night.isoformat())
    assert run_command(env, "land", "1083-solvesborg", *date_option, kill_at=MID_PERSON) == 1
    assert run_steps(env, night, ("land",), kill_at=MID_LANDING) == KILLED
    # What a crash leaves on the disk must be as clean as what a good night leaves.
    assert list((watched.line.line.settings.landing_dir / ".staging").glob("*/*/*/*/*.parquet"))
    assert leaks(watched.folder, watched.search) == {}
    exit_codes = {
        source.name: run_command(env, "land", source.name, *date_option)
        for source in watched.line.line.county.enabled_sources
    }
    assert exit_codes == {name: 3 if name in UNREAD else 0 for name in exit_codes}, watched.output()[-3000:]
    assert run_command(env, "build", *date_option, kill_at=MID_BUILD) == 1
    assert run_command(env, "build", *date_option) == 0, watched.output()[-3000:]
    for words in (("publish", *date_option), ("letters", *date_option), ("issues", "--json"), ("status", "--json")):
        assert run_command(env, *words) == 0, watched.output()[-3000:]
    run_second_night(watched, night + timedelta(days=3))


def run_second_night(watched: Watched, night: date) -> None:
    """Bring corrections, movers and marks, ask the sources what they can, and publish once more."""
    env, county = watched.line.env, watched.line.line.county
    watched.line.simulator.set_clock(county.night_bound_at(night))
    for source in county.enabled_sources:
        run_command(env, "sources", "probe", source.name)
        run_command(env, "land", source.name, "--date", night.isoformat())
    for step in ("build", "publish", "letters"):
        assert run_command(env, step, "--date", night.isoformat()) == 0, watched.output()[-3000:]

    erase_someone(watched)
    assert run_command(env, "privacy", "rotate-key") == 0, watched.output()[-3000:]


def erase_someone(watched: Watched) -> None:
    """Type a pupil's civic number, as nobody may find it afterwards."""
    persons = watched.line.world.persons
    numbers = [number for number, place in zip(persons.civic_number, persons.source, strict=True) if place == 0]
    number = next(number for number in numbers if number is not None and number.isdigit())
    done = narvaro(watched.line.env, "privacy", "erase", "--yes", stdin=f"{number}\n")
    with output_path(watched.line.env).open("a") as file:
        file.write(done.stdout + done.stderr)
    assert done.returncode == 0, done.stderr
    assert "nothing of the pupil was found afterwards" in done.stdout


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
    for name in ("persons", "attendances", "absences"):
        answer = httpx.get(f"{connection.host}/{name}", headers={"Authorization": f"Bearer {token}"})
        yield answer.content


def test_no_person_is_found_in_any_file(watched: Watched):
    assert len(watched.line.world.persons.source) > 100
    assert leaks(watched.folder, watched.search) == {}


def test_prose_in_the_place_of_a_code_is_not_kept(watched: Watched):
    """Otherwise a name without a canary in it could be."""
    folder = watched.line.line.settings.landing_dir
    kept = [value for path in folder.glob("pupils/*/*/*.parquet") for value in pq.read_table(path)["sex"].to_pylist()]
    assert NOT_A_CODE in kept
    assert set(kept) <= {"Man", "Kvinna", "Okänt", None, NOT_A_CODE} | {value for value in kept if value.isalpha()}


def test_of_written_reasons_only_codes_are_kept(watched: Watched):
    """They were read: else that their words are nowhere would prove nothing."""
    folder = watched.line.line.settings.landing_dir
    kept = {
        code
        for path in folder.glob("attendances/*/*/*.parquet")
        for code in pq.read_table(path, columns=["reason_code"])["reason_code"].to_pylist()
    }
    assert {None, "sjuk"} <= kept <= {None, "annat", *watched.line.line.county.reason_codes}


def test_no_person_is_found_in_what_was_printed_and_logged(watched: Watched):
    output = watched.output()
    assert b"nobody had thought of this" in output
    assert b"DEBUG" in output
    assert watched.search.hits(output) == set()


def test_no_secret_is_found_outside_its_own_files(watched: Watched):
    """Neither the key nor a client's secret: not in logs, letters, staging or what a crash left."""
    settings = watched.line.line.settings
    entries = json.loads(settings.connections_path.read_text(encoding="utf-8")).values()
    secrets = {entry["password"] for entry in entries if entry.get("password")}
    assert len(secrets) >= len(watched.line.line.county.enabled_sources)
    secrets |= set(settings.pseudonym_key_path.read_text(encoding="ascii").split())
    own = {path.relative_to(watched.folder).as_posix() for path in settings.pseudonym_key_path.parent.iterdir()}
    assert found_in(watched.folder, secrets) == own


def test_letters_were_sent_and_searched(watched: Watched):
    assert len(list(watched.line.line.settings.mail_dir.glob("*.eml"))) >= 5


SPELLINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda text: text,
    "capitals": bytes.upper,
    "utf-16-le": lambda text: text.decode().encode("utf-16-le"),
    "utf-16-be": lambda text: text.decode().encode("utf-16-be"),
    "utf-32": lambda text: text.decode().encode("utf-32"),
    "base64": base64.b64encode,
    "base64 one later": lambda text: base64.b64encode(b"x" + text),
    "base64 two later": lambda text: base64.b64encode(b"xy" + text),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(b"\xff\xfe\xfd" + text),
    "hex": lambda text: text.hex().encode(),
    "hex capitals": lambda text: text.hex().upper().encode(),
    "url": lambda text: "".join(f"%{byte:02X}" for byte in text).encode(),
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "zstd": lambda text: pa.compress(text, codec="zstd", asbytes=True),
    "gzip of utf-16": lambda text: gzip.compress(text.decode().encode("utf-16")),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_search_finds_what_is_planted_in_bytes(watched: Watched, spelling: str):
    world = watched.line.world
    civic_number = next(number for number in world.persons.civic_number if number is not None)
    for text in ("Kanariella", civic_number, f"{civic_number[2:8]}-{civic_number[8:]}", person_record_ids(world)[0]):
        assert watched.search.hits(b"before " + SPELLINGS[spelling](text.encode()) + b" after"), text


def test_search_finds_what_is_planted_in_a_database(watched: Watched, tmp_path: Path):
    """A long value of SQLite is cut over pages: only its rows tell."""
    person = person_record_ids(watched.line.world)[0]
    with closing(sqlite3.connect(tmp_path / "airflow.db")) as connection:
        connection.execute("create table xcom (value blob)")
        connection.execute("insert into xcom values (?)", [zlib.compress(f"{{'person': '{person}'}}".encode())])
        connection.commit()
    assert leaks(tmp_path, watched.search)["airflow.db"] == {person}


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
