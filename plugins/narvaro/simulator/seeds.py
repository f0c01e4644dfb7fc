"""The real school units and pupil numbers that the simulated county starts from."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd

_SEEDS_DIR = Path(__file__).parent / "seeds"
GRADES = range(1, 10)


@cache
def school_units() -> pd.DataFrame:
    """Give one row per school unit of the seed, coordinates null where unknown."""
    texts = ["school_unit_code", "name", "owner_id", "owner_type", "municipality_code", "school_form"]
    return pd.read_csv(_SEEDS_DIR / "school_units.csv", dtype=dict.fromkeys(texts, str))


@cache
def pupils_by_grade() -> pd.DataFrame:
    """Give pupils per grade, one row per municipality and owner type (`alla`, `kommunal`)."""
    texts = ["municipality_code", "municipality_name", "owner_type"]
    return pd.read_csv(_SEEDS_DIR / "pupils_by_grade.csv", dtype=dict.fromkeys(texts, str))
