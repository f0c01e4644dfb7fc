"""Searches everything that an installation has written for texts that it may have kept nowhere."""

from __future__ import annotations

import base64
import binascii
import email
import email.policy
import os
import re
import sqlite3
import urllib.parse
import zlib
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from narvaro.county import load_county
from narvaro.simulator import build_world, canaries, load_simulator_config
from narvaro.simulator.canaries import person_record_ids

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from narvaro.settings import Settings
    from narvaro.simulator import World

_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_BARE_UUID = re.compile(rb"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
_NUMBER = re.compile(rb"[0-9][0-9-]{8,}[0-9]")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,}")
_HEX = re.compile(rb"(?:[0-9a-f]{2}){6,}")
_ZSTD = b"\x28\xb5\x2f\xfd"
# gzip, and zlib at its usual three levels.
_DEFLATED = {b"\x1f\x8b\x08": 31, b"\x78\x01": 15, b"\x78\x9c": 15, b"\x78\xda": 15}
_LARGEST_UNPACKED = 64 * 1024 * 1024


class Search:
    """Finds texts in bytes: as they stand, packed, and as UTF-16, base64, hexadecimal and URL."""

    def __init__(self, texts: Iterable[str]) -> None:
        needles = {text.lower().encode() for text in texts}
        self._uuids = {needle for needle in needles if _UUID.fullmatch(needle)}
        self._bare_uuids = {needle.replace(b"-", b"") for needle in self._uuids}
        self._numbers = {needle for needle in needles - self._uuids if _NUMBER.fullmatch(needle)}
        self._lengths = sorted({len(number) for number in self._numbers})
        self._words = sorted(needles - self._uuids - self._numbers)

    @classmethod
    def for_world(cls, world: World) -> Search:
        """Search for all that a simulated county sends about people."""
        return cls([*canaries(world), *person_record_ids(world)])

    def hits(self, content: bytes) -> set[str]:
        """Give the texts that stand in the content in any of the spellings."""
        found: set[bytes] = set()
        for spelled in (*_spellings(content), *(text for part in _unpacked(content) for text in _spellings(part))):
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
    yield content.translate(None, b"\0")  # UTF-16 and UTF-32, either way round, of everything that is not an accent
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


def _unpacked(content: bytes) -> Iterator[bytes]:
    """Unpack whatever begins like something packed, wherever in the content it begins."""
    view = memoryview(content)
    for magic, window in _DEFLATED.items():
        for place in _places(content, magic):
            try:
                yield zlib.decompressobj(window).decompress(view[place:], _LARGEST_UNPACKED)
            except zlib.error:
                continue
    for place in _places(content, _ZSTD):
        try:
            with pa.CompressedInputStream(pa.BufferReader(view[place:]), "zstd") as stream:
                yield stream.read(_LARGEST_UNPACKED)
        except OSError:
            continue


def _places(content: bytes, magic: bytes) -> Iterator[int]:
    place = content.find(magic)
    while place >= 0:
        yield place
        place = content.find(magic, place + 1)


def leaks(folder: Path, search: Search) -> dict[str, set[str]]:
    """Search every byte under a folder, names too, and every value of its compressed files, databases and letters.

    In a process of its own: what the unpacking takes of memory would stay with the tests that come after.
    """
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_leaks, folder, search).result()


def _leaks(folder: Path, search: Search) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("*")):
        hits = search.hits(os.fsencode(path.name))
        if path.is_file():
            hits |= search.hits(path.read_bytes())
            hits |= set().union(*(search.hits(values) for values in _values(path)))
        if hits:
            found[os.fspath(path.relative_to(folder))] = hits
    return found


def assert_no_trace(settings: Settings) -> None:
    """Search a whole installation for all that its simulated county sends about people."""
    world = build_world(load_county(settings.config_dir), load_simulator_config(settings.config_dir))
    assert len(world.persons.source) > 100
    assert leaks(settings.home, Search.for_world(world)) == {}


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
    elif path.suffix == ".db":
        yield from _rows(path)
    elif path.suffix == ".eml":
        for part in email.message_from_bytes(path.read_bytes(), policy=email.policy.default).walk():
            if not part.is_multipart():
                yield part.get_content().encode()


def _columns(table: pa.Table) -> Iterator[bytes]:
    for column in table.columns:
        yield "\n".join(sorted(set(map(str, column.to_pylist())))).encode()


def _rows(path: Path) -> Iterator[bytes]:
    """Give every value of an SQLite file; in the file itself a long one is cut over pages."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            for row in connection.execute(f'select * from "{table}"'):
                yield b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
