"""Sums of attendance per pupil and activity: what the rows of the asked days add up to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import orjson
import pandas as pd

from narvaro.simulator.randomness import uuid
from narvaro.simulator.tables import FORMS
from narvaro.simulator.wire.request import bad_request
from narvaro.simulator.wire.vanishing import still_there

if TYPE_CHECKING:
    from narvaro.simulator.tables import Int16, Int64
    from narvaro.simulator.wire.request import Query
    from narvaro.simulator.wire.selection import Selection
    from narvaro.simulator.wire.view import View
    from narvaro.simulator.wire.walks import Walk
    from narvaro.simulator.wire.writer import Object, Writer

AGGREGATES = "aggregatedAttendance"
_FILTERS = ("startDate", "endDate", "organisation", "schoolType", "student", "expand")
_SUMS = {
    "attended": "attendanceSum",
    "valid": "validAbsenceSum",
    "invalid": "invalidAbsenceSum",
    "other": "otherAttendanceSum",
    "reported": "reportedSum",
    "offered": "offeredSum",
}


def aggregated(view: View, selection: Selection, walk: Walk) -> pd.DataFrame:
    """Give one row per pupil and activity with a register in the asked days.

    Raises:
        WireError: the days are not given.
    """
    query = walk.query
    query.check(_FILTERS)
    first, last = query.day("startDate"), query.day("endDate")
    if first is None or last is None:
        raise bad_request("startDate and endDate are required.")
    rows = still_there(view, walk.place, "attendances", selection.registers_of(query))
    registers, lessons = view.world.registers, view.world.lessons
    day = lessons.day[registers.lesson[rows]]
    rows = rows[(first <= day) & (day <= last)]
    lesson = registers.lesson[rows]
    if forms := query.all("schoolType"):
        unit = view.world.activities.unit[lessons.activity[lesson]]
        is_meant = np.isin(view.world.units.form[unit], [FORMS.index(form) for form in forms if form in FORMS])
        rows, lesson = rows[is_meant], lesson[is_meant]
    is_reported = view.registers.is_reported[rows]
    length = lessons.minutes()[lesson]
    columns: dict[str, Int64 | Int16] = {
        "attended": registers.attended[rows],
        "valid": view.registers.valid[rows],
        "invalid": view.registers.invalid[rows],
        "other": registers.other[rows],
        "reported": length,
    }
    frame = pd.DataFrame({name: np.where(is_reported, values, 0) for name, values in columns.items()}, dtype=np.int64)
    frame = frame.assign(offered=length, activity=lessons.activity[lesson], person=registers.person[rows])
    return frame.groupby(["activity", "person"], as_index=False)[list(_SUMS)].sum()


def written_sums(writer: Writer, query: Query, sums: pd.DataFrame, part: slice) -> bytes:
    """Write a part of the sums."""
    span = {"startDate": query.one("startDate"), "endDate": query.one("endDate")}
    found = []
    for row in sums.iloc[part].to_dict("records"):
        record: Object = {
            "activity": {"id": uuid(writer.seed, "activity", int(row["activity"]))},
            "student": writer.person_reference(int(row["person"])),
            **span,
        }
        found.append(record | {wire: int(row[name]) for name, wire in _SUMS.items()})
    return orjson.dumps(found)
