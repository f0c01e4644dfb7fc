"""Record ids that may not be told: those of rows about a pupil with protected identity."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from narvaro.quality.frames import columns_of, read_frame
from narvaro.quality.verdict import MAX_RECORD_IDS, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

PERSON = "person_id"


def withhold_ids(verdict: Verdict, files: Sequence[Path], hidden_people: Collection[str]) -> Verdict:
    """Give the verdict without the record ids of these people's rows; the rows still count.

    `files` are those of the load that the verdict is on.
    """
    withheld = _rows_about(files, hidden_people)
    if withheld.isdisjoint(faulty.row for faulty in verdict.faulty_rows):
        return verdict
    faulty = tuple(replace(row, record_id=None) if row.row in withheld else row for row in verdict.faulty_rows)
    told: dict[str, list[str]] = {}
    for row in faulty:
        if row.record_id is not None:
            told.setdefault(row.rule, []).append(row.record_id)
    failures = tuple(
        replace(failure, record_ids=tuple(told.get(failure.rule, ())[:MAX_RECORD_IDS]))
        if failure.level == "row"
        else failure
        for failure in verdict.failures
    )
    return replace(verdict, faulty_rows=faulty, failures=failures)


def _rows_about(files: Sequence[Path], people: Collection[str]) -> set[int]:
    """Give the numbers of the rows about these people; none where rows are about nobody."""
    if not people or PERSON not in columns_of(files):
        return set()
    frame = read_frame(files, [PERSON])
    return set(frame.index[frame[PERSON].isin(list(people))].tolist())
