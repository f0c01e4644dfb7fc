"""Sums of the truth: cells of a term, weeks of a place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

ALL = "all"
_DIMENSIONS = ("owner_type", "school_form", "grade", "sex")
_PUPIL_CUTS: tuple[tuple[str, ...], ...] = (
    (),
    ("school_form",),
    ("sex",),
    ("school_form", "grade"),
    ("school_form", "sex"),
    ("school_form", "grade", "sex"),
)
COUNTY_TERM_CUTS = _PUPIL_CUTS
AREA_TERM_CUTS = (
    *_PUPIL_CUTS,
    ("owner_type",),
    ("owner_type", "school_form"),
    ("owner_type", "school_form", "grade", "sex"),
)
_MINUTES = ["scheduled_minutes", "offered_minutes", "valid_absent_minutes", "invalid_absent_minutes", "absent_minutes"]
# Bands are closed below; the first one is no absence at all.
_BANDS = (
    ("band_00_05_count", 0, 5),
    ("band_05_10_count", 5, 10),
    ("band_10_15_count", 10, 15),
    ("band_15_20_count", 15, 20),
    ("band_20_30_count", 20, 30),
    ("band_30_50_count", 30, 50),
    ("band_50_100_count", 50, None),
)
_PERSISTENT = (10, 15, 20, 50)
_MIN_COVERAGE_PCT = 50


def term_cells(days: pd.DataFrame, area: str, cuts: Sequence[tuple[str, ...]], min_offered_days: int) -> pd.DataFrame:
    """Give one row per term, area and cell of every cut; a dimension that is not cut by is 'all'."""
    has_owner_type = any("owner_type" in cut for cut in cuts)
    dimensions = [name for name in _DIMENSIONS if has_owner_type or name != "owner_type"]
    parts = []
    for cut in cuts:
        cell = ["term_code", area, *cut]
        pupils = _pupils_of_cells(days, cell)
        part = _counted(pupils, cell, min_offered_days)
        part = part.astype(dict.fromkeys(cell, str)).assign(**{d: ALL for d in dimensions if d not in cut})
        parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    keys = ["term_code", area, *dimensions]
    return table[keys + [name for name in table.columns if name not in keys]].sort_values(keys, ignore_index=True)


def _pupils_of_cells(days: pd.DataFrame, cell: list[str]) -> pd.DataFrame:
    """Sum each pupil's minutes in each cell, and count the days with a register there."""
    by_day = days.groupby([*cell, "pupil", "day"], as_index=False, observed=True)[_MINUTES].sum()
    by_day["offered_days"] = (by_day.offered_minutes > 0).astype(np.int64)
    return by_day.groupby([*cell, "pupil"], as_index=False, observed=True)[[*_MINUTES, "offered_days"]].sum()


def _counted(pupils: pd.DataFrame, cell: list[str], min_offered_days: int) -> pd.DataFrame:
    """Count each cell's pupils, classed pupils and bands, by integers only."""
    absent, offered = 100 * pupils.absent_minutes, pupils.offered_minutes
    is_classed = (pupils.offered_days >= min_offered_days) & (
        100 * offered >= _MIN_COVERAGE_PCT * pupils.scheduled_minutes
    )
    flags = {"pupils_count": offered > 0, "classed_pupils_count": is_classed}
    flags["band_00_count"] = is_classed & (absent <= 0)
    for name, lower, upper in _BANDS:
        is_in = is_classed & (absent > 0) & (absent >= lower * offered)
        flags[name] = is_in if upper is None else is_in & (absent < upper * offered)
    for pct in _PERSISTENT:
        flags[f"persistent_{pct}_count"] = is_classed & (absent >= pct * offered)
    counts = pupils.assign(**{name: flag.astype(np.int64) for name, flag in flags.items()})
    ordered = ["pupils_count", *_MINUTES, *[name for name in flags if name != "pupils_count"]]
    return counts.groupby(cell, as_index=False, observed=True)[ordered].sum()


def week_rows(lessons: pd.DataFrame, place: str) -> pd.DataFrame:
    """Give one row per place and ISO week."""
    keys = [place, "iso_week"]
    frame = lessons.assign(absent_minutes=lessons.valid_absent_minutes + lessons.invalid_absent_minutes)
    table = frame.groupby(keys, observed=True)[_MINUTES].sum()
    offered, reported = frame[frame.offered_minutes > 0], frame[frame.is_reported]
    table.insert(0, "pupils_count", offered.groupby(keys, observed=True).pupil.nunique())
    table["lessons_scheduled_count"] = frame.groupby(keys, observed=True).lesson.nunique()
    table["lessons_reported_count"] = reported.groupby(keys, observed=True).lesson.nunique()
    return table.fillna(0).astype(np.int64).reset_index().astype(dict.fromkeys(keys, str))
