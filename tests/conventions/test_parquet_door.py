"""Parquet files are opened at one door, which knows whether they lie sealed."""

from __future__ import annotations

import re

from project_tree import files_under, text_of

ROOM = "plugins/narvaro/at_rest/"
OPENED = re.compile(r"\bpq\.(?:ParquetFile|ParquetDataset|read_\w+)\(|\bread_parquet\(|\bparquet_scan\(")
# Arrow writes to what `open_sink` gives, never to a path.
WRITTEN = re.compile(r"pq\.write_table\([^,]*, (?:str\(|\w*path\b)|\(format parquet")


def test_only_the_door_opens_parquet_files():
    strangers = {
        str(path): found
        for path in files_under("plugins", ".py")
        if not str(path).startswith(ROOM)
        if (found := OPENED.findall(text_of(path) or "") + WRITTEN.findall(text_of(path) or ""))
    }
    assert not strangers, f"use open_parquet, rows_of or open_sink of {ROOM}: {strangers}"
