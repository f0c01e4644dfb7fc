"""What the landing folder of one simulated source holds, read without the program's own readers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
from one_source import NAME

if TYPE_CHECKING:
    from one_source import OneSource


def landed(source: OneSource, entity: str, columns: list[str]) -> list[dict[str, Any]]:
    """Give the rows of an entity, of every night."""
    landing = source.line.settings.landing_dir
    return [
        row
        for path in sorted(landing.glob(f"{entity}/{NAME}/*/*.parquet"))
        for row in pq.read_table(path, columns=columns).to_pylist()
    ]


def landed_words(source: OneSource) -> set[str]:
    """Give every word in every text column, but those of places and subjects, which are named as people are."""
    words: set[str] = set()
    for path in source.line.settings.landing_dir.rglob("*.parquet"):
        if path.relative_to(source.line.settings.landing_dir).parts[0] in ("school_units", "activities"):
            continue
        table = pq.read_table(path)
        for column in table.columns:
            if str(column.type) == "string":
                words |= {word for text in column.unique().to_pylist() if text for word in text.split()}
    return words
