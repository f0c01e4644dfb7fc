"""The rows of the pupils' records while they are being written."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from narvaro.simulator.tables import NEVER, OPEN_DAY, Enrolments, Int64, Memberships

GROUPS_PER_CLASS = 3
KLASS, FIRST_GROUP, SECOND_GROUP = range(GROUPS_PER_CLASS)
# A whole column, or one value for all of its rows.
Column = npt.NDArray[Any] | int


class RecordRows:
    """Takes rows of persons, enrolments and memberships, and gives them as tables."""

    def __init__(self, opened_at: int) -> None:
        self._opened_at = opened_at
        self._persons: list[pd.DataFrame] = []
        self._enrolments: list[pd.DataFrame] = []
        self._memberships: list[pd.DataFrame] = []
        self._count = 0

    def add_persons(self, source: Column, human: Column, *, known_at: Column | None = None) -> Int64:
        """Write person records; give their numbers."""
        frame = pd.DataFrame({"source": source, "human": human})
        frame["known_at"] = self._opened_at if known_at is None else known_at
        self._persons.append(frame)
        self._count += len(frame)
        return np.arange(self._count - len(frame), self._count)

    def add_enrolments(  # noqa: PLR0913 - a row has that many fields
        self,
        person: Column,
        unit: Column,
        form: Column,
        grade: Column,
        *,
        start_day: Column,
        end_day: Column = OPEN_DAY,
        is_cancelled: bool = False,
        known_at: Column | None = None,
    ) -> None:
        """Write enrolments."""
        frame = pd.DataFrame({"person": person, "unit": unit, "form": form, "grade": grade})
        frame["start_day"], frame["end_day"], frame["is_cancelled"] = start_day, end_day, is_cancelled
        frame["known_at"] = self._opened_at if known_at is None else known_at
        frame["end_known_at"] = np.where(frame.end_day == OPEN_DAY, NEVER, self._opened_at)
        self._enrolments.append(frame)

    def join(
        self,
        person: Column,
        school_class: Column,
        is_first: Column,
        *,
        start_day: Column,
        known_at: Column | None = None,
    ) -> None:
        """Make persons members of their class and of one of its teaching groups."""
        self.add_members(person, school_class * GROUPS_PER_CLASS + KLASS, start_day, known_at)
        group = school_class * GROUPS_PER_CLASS + np.where(is_first, FIRST_GROUP, SECOND_GROUP)
        self.add_members(person, group, start_day, known_at)

    def add_members(self, person: Column, group: Column, start_day: Column, known_at: Column | None = None) -> None:
        """Write memberships."""
        frame = pd.DataFrame({"person": person, "group": group})
        frame["start_day"], frame["end_day"], frame["end_known_at"] = start_day, OPEN_DAY, NEVER
        frame["known_at"] = self._opened_at if known_at is None else known_at
        self._memberships.append(frame)

    def leave(self, person: Int64, end_day: Column, known_at: Column) -> None:
        """End the first enrolments and memberships of persons."""
        ends = pd.DataFrame({"end_day": end_day, "end_known_at": known_at}, index=person)
        for frame in (self._enrolments[0], self._memberships[0], self._memberships[1]):
            is_leaving = frame.person.isin(person)
            frame.loc[is_leaving, "end_day"] = ends.end_day.reindex(frame.person[is_leaving]).to_numpy()
            frame.loc[is_leaving, "end_known_at"] = ends.end_known_at.reindex(frame.person[is_leaving]).to_numpy()

    def persons(self) -> pd.DataFrame:
        """Give the person records in the order of writing."""
        return pd.concat(self._persons, ignore_index=True)

    def tables(self, place: Int64) -> tuple[Enrolments, Memberships]:
        """Give the other rows, each person put in its place; members ordered by group."""
        enrolments = pd.concat(self._enrolments, ignore_index=True)
        memberships = pd.concat(self._memberships, ignore_index=True)
        for frame in (enrolments, memberships):
            frame["person"] = place[frame.person.to_numpy()]
        enrolments = enrolments.sort_values(["person", "start_day"], kind="stable", ignore_index=True)
        memberships = memberships.sort_values(["group", "person"], kind="stable", ignore_index=True)
        return _enrolment_table(enrolments), _membership_table(memberships)


def _enrolment_table(rows: pd.DataFrame) -> Enrolments:
    """Give the written enrolments as a table."""
    return Enrolments(
        person=rows.person.to_numpy(np.int32),
        unit=rows.unit.to_numpy(np.int32),
        form=rows.form.to_numpy(np.int8),
        grade=rows.grade.to_numpy(np.int8),
        start_day=rows.start_day.to_numpy(np.int32),
        end_day=rows.end_day.to_numpy(np.int32),
        is_cancelled=rows.is_cancelled.to_numpy(np.bool_),
        known_at=rows.known_at.to_numpy(np.int64),
        end_known_at=rows.end_known_at.to_numpy(np.int64),
    )


def _membership_table(rows: pd.DataFrame) -> Memberships:
    """Give the written memberships as a table."""
    return Memberships(
        group=rows.group.to_numpy(np.int32),
        person=rows.person.to_numpy(np.int32),
        start_day=rows.start_day.to_numpy(np.int32),
        end_day=rows.end_day.to_numpy(np.int32),
        known_at=rows.known_at.to_numpy(np.int64),
        end_known_at=rows.end_known_at.to_numpy(np.int64),
    )
