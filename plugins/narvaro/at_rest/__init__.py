"""Files as they lie at rest: plain, or sealed by a key that is kept elsewhere; the one door to Parquet."""

from __future__ import annotations

from narvaro.at_rest.parquet import PROTOCOL, open_parquet, open_sink, rows_of, shown_name
from narvaro.at_rest.stores import Seal, is_sealed, keep_sealed, lay_as_wanted, lies_as_wanted

__all__ = [
    "PROTOCOL",
    "Seal",
    "is_sealed",
    "keep_sealed",
    "lay_as_wanted",
    "lies_as_wanted",
    "open_parquet",
    "open_sink",
    "rows_of",
    "shown_name",
]
