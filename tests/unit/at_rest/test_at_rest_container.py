"""A sealed file is read back anywhere as it was written, and not at all once a bit of it is another."""

from __future__ import annotations

import os

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narvaro.at_rest import (
    Seal,
    is_sealed,
    keep_sealed,
    lay_as_wanted,
    lies_as_wanted,
    open_parquet,
    open_sink,
    rows_of,
    shown_name,
)
from narvaro.at_rest.container import HEADER_BYTES, PIECE_BYTES, SealedReader, SealedWriter
from narvaro.errors import PrivacyError

KEY_ID, KEY = b"\x01" * 8, b"k" * 32
SIZES = (0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES, 3 * PIECE_BYTES + 7)


def written(path, content, key=KEY):
    path.touch(0o600)
    with SealedWriter(path, KEY_ID, key) as writer:
        for start in range(0, len(content), 10_007):
            writer.write(content[start : start + 10_007])
    return path


def read(path, key=KEY):
    with SealedReader(path, lambda _: key) as reader:
        return reader.read()


@pytest.mark.parametrize("size", SIZES)
def test_what_was_sealed_is_read_back(tmp_path, size):
    content = os.urandom(size)
    path = written(tmp_path / "sealed", content)
    assert read(path) == content
    assert size < 64 or content[:64] not in path.read_bytes()


CONTENT = os.urandom(2 * PIECE_BYTES + 100)


@given(st.integers(0, len(CONTENT) + 10), st.integers(0, PIECE_BYTES * 2))
def test_any_part_can_be_read(tmp_path_factory, start, length):
    path = tmp_path_factory.getbasetemp() / "anywhere"
    if not path.exists():
        written(path, CONTENT)
    with SealedReader(path, lambda _: KEY) as reader:
        reader.seek(start)
        assert reader.read(length) == CONTENT[start : start + length]


def test_the_same_content_is_never_sealed_alike(tmp_path):
    first, second = (written(tmp_path / name, CONTENT).read_bytes() for name in "ab")
    assert first[HEADER_BYTES:] != second[HEADER_BYTES:]


SPOILT = {
    "a bit of a piece": lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]),
    "a bit of the salt": lambda raw: raw[:20] + bytes([raw[20] ^ 1]) + raw[21:],
    "the last piece gone": lambda raw: raw[: HEADER_BYTES + 2 * (PIECE_BYTES + 16)],
    "two pieces exchanged": lambda raw: (
        raw[:HEADER_BYTES]
        + raw[HEADER_BYTES + PIECE_BYTES + 16 : HEADER_BYTES + 2 * (PIECE_BYTES + 16)]
        + raw[HEADER_BYTES : HEADER_BYTES + PIECE_BYTES + 16]
        + raw[HEADER_BYTES + 2 * (PIECE_BYTES + 16) :]
    ),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_changed_file_is_refused(tmp_path, spoil):
    path = written(tmp_path / "sealed", CONTENT)
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(PrivacyError, match="not as it was sealed"):
        read(path)


def test_another_key_is_refused(tmp_path):
    path = written(tmp_path / "sealed", CONTENT)
    with pytest.raises(PrivacyError, match="another key"):
        read(path, b"x" * 32)


@pytest.fixture
def store(tmp_path):
    """A folder that is kept sealed, with a table in a sealed and in a plain file."""
    table = pa.table({"id": [str(number) for number in range(100_000)], "minutes": range(100_000)})
    for name, is_on in (("plain.parquet", False), ("sealed.parquet", True)):
        keep_sealed(tmp_path, Seal(lambda: {KEY_ID.hex(): KEY}, is_on=is_on))
        path = tmp_path / name
        path.touch(0o600)
        with open_sink(path) as sink:
            pq.write_table(table, sink, row_group_size=30_000)
    return tmp_path


def test_arrow_reads_both_kinds_at_one_door(store):
    assert [is_sealed(store / name) for name in ("plain.parquet", "sealed.parquet")] == [False, True]
    plain, sealed = (open_parquet(store / name).read() for name in ("plain.parquet", "sealed.parquet"))
    assert sealed.equals(plain)


@pytest.mark.parametrize("condition", ["true", "id = '7'", "minutes between 5 and 70000", "id in ('8', '99999')"])
def test_duckdb_reads_both_kinds_at_one_door(store, condition):
    """Together, by name, with conditions that skip row groups, on several threads."""
    files = [store / "plain.parquet", store / "sealed.parquet"]
    with duckdb.connect(config={"threads": 4}) as connection:
        rows = rows_of(connection, files, "union_by_name = true", "filename = true")
        query = f"select filename, count(*), sum(minutes), max(id) from {rows} where {condition} group by 1"
        found = {name: rest for name, *rest in connection.execute(query).fetchall()}
    assert set(found) == {shown_name(path) for path in files}
    assert len({tuple(rest) for rest in found.values()}) == 1


def test_a_key_that_is_gone_is_a_clear_error(store):
    keep_sealed(store, Seal(lambda: {"02" * 8: KEY}, is_on=True))
    with pytest.raises(PrivacyError, match="is not there"):
        open_parquet(store / "sealed.parquet")


def test_nothing_shows_the_key():
    seal = Seal(lambda: {KEY_ID.hex(): KEY}, is_on=True)
    seal.newest()
    assert "kkkk" not in repr(seal)


def test_a_file_is_laid_anew_as_new_ones_are(store):
    """Sealed where it was plain, under another key, and plain again; its content stays."""
    path = store / "plain.parquet"
    content, one = open_parquet(path).read(), {KEY_ID.hex(): KEY}
    two = one | {"02" * 8: b"n" * 32}
    for seal in (Seal(one.copy, is_on=True), Seal(two.copy, is_on=True), Seal(two.copy, is_on=False)):
        keep_sealed(store, seal)
        assert not lies_as_wanted(path)
        lay_as_wanted(path)
        assert lies_as_wanted(path)
        assert is_sealed(path) == seal.is_on
        assert path.stat().st_mode & 0o777 == 0o600
        assert open_parquet(path).read().equals(content)
    assert [each.name for each in store.iterdir() if each.name.startswith(".")] == []
