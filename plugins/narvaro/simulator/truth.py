"""What every published figure should be, from the world itself and never over the wire.

It follows the definitions in docs/rules step by step, in its own way, so that a slip in the
warehouse and a slip here do not look the same. For tests and plausibility only: it counts before
anything is hidden.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from narvaro.simulator.calendar import seconds
from narvaro.simulator.truth_cells import AREA_TERM_CUTS, COUNTY_TERM_CUTS, term_cells, week_rows
from narvaro.simulator.truth_lessons import Horizon, expected_pupil_lessons

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from narvaro.simulator.world import World


@dataclass(frozen=True)
class Truth:
    """The published tables as they should be, all counts integers, nothing hidden.

    Keys: term_code, county_code or municipality_code, owner_type, school_form, grade, sex in the
    term tables ('all' for every value); iso_week and county_code, municipality_code or
    school_unit_code in the week tables. `pupil_days` is what they were summed from.
    """

    county_absence_by_term: pd.DataFrame
    county_absence_by_week: pd.DataFrame
    municipality_absence_by_term: pd.DataFrame
    municipality_absence_by_week: pd.DataFrame
    school_unit_absence_by_week: pd.DataFrame
    pupil_days: pd.DataFrame


def compute_truth(  # noqa: PLR0913 - what a truth depends on
    world: World,
    until: datetime,
    *,
    leave_out: Collection[str],
    until_by_source: Mapping[str, datetime],
    quarantined: Collection[str] | None,
    min_offered_days: int,
) -> Truth:
    """Compute the truth of one night.

    Args:
        world: the simulated county.
        until: the night's upper bound: lessons that ended by then count.
        leave_out: sources that have never delivered.
        until_by_source: the clock of the newest good delivery, for sources whose newest was not accepted.
        quarantined: ids of attendance rows that are set aside; the planted impossible rows when not given.
        min_offered_days: days with a register that a pupil needs to be placed in a band.
    """
    clocks = {
        place: seconds(until_by_source.get(source.name, until))
        for place, source in enumerate(world.sources)
        if source.name not in leave_out
    }
    lessons = expected_pupil_lessons(world, Horizon(seconds(until), clocks, quarantined))
    days = _pupil_days(lessons)
    county = days.assign(county_code=world.county_code)
    open_lessons = lessons[~lessons.is_protected]
    return Truth(
        county_absence_by_term=term_cells(county, "county_code", COUNTY_TERM_CUTS, min_offered_days),
        county_absence_by_week=week_rows(lessons.assign(county_code=world.county_code), "county_code"),
        municipality_absence_by_term=term_cells(days, "municipality_code", AREA_TERM_CUTS, min_offered_days),
        municipality_absence_by_week=week_rows(lessons, "municipality_code"),
        school_unit_absence_by_week=week_rows(open_lessons, "school_unit_code"),
        pupil_days=days,
    )


def _pupil_days(lessons: pd.DataFrame) -> pd.DataFrame:
    """Sum the minutes of each pupil's day in each kind of cell."""
    keys = ["term_code", "municipality_code", "owner_type", "school_form", "grade", "sex", "pupil", "day"]
    minutes = ["scheduled_minutes", "offered_minutes", "valid_absent_minutes", "invalid_absent_minutes"]
    days = lessons.groupby(keys, as_index=False, observed=True)[minutes].sum()
    return days.assign(absent_minutes=days.valid_absent_minutes + days.invalid_absent_minutes).astype(
        dict.fromkeys(minutes, np.int64)
    )
