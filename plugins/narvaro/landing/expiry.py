"""Which landed rows are older than what is kept, entity by entity, in the order in which they may go."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from narvaro.landing.erasing import FoundRows, find_rows

# A row that leads to no day of its own stands for the night that brought it.
_NIGHT = "strptime(left(_load_id, 8), '%Y%m%d')::date"
# Our own names, and no values: days are parameters.
# ruff: noqa: S608
_KNOWN_LESSONS = "select lesson_id from lessons where lesson_id is not null"
_OLD_LESSONS = "select lesson_id from lessons group by lesson_id having max(school_date) < $first"
# Who has left, or was deleted, before the first day that is kept.
_GONE = f"""
    select person_id from (
        select person_id, end_date from enrolments
        qualify left(_load_id, 8) = max(left(_load_id, 8)) over (partition by person_id)
    ) group by person_id having max(coalesce(end_date, '9999-12-31'::date)) < $first
    union
    select deleted.person_id
    from (
        select record_id as person_id, max({_NIGHT}) as night from deletions where entity = 'pupils' group by record_id
    ) as deleted
    inner join (select person_id, max({_NIGHT}) as night from pupils group by person_id) as seen using (person_id)
    where deleted.night < $first and seen.night <= deleted.night
"""
_UNDATED = f"and {_NIGHT} < $first"
# Class, entity and condition. What others are judged by goes after them: a run that was killed judges the same again.
STEPS: tuple[tuple[str, str, str], ...] = (
    (
        "lesson_facts",
        "attendances",
        f"lesson_id in ({_OLD_LESSONS}) or (lesson_id not in ({_KNOWN_LESSONS}) {_UNDATED})",
    ),
    ("lesson_facts", "aggregated_attendances", f"end_date < $first or (end_date is null {_UNDATED})"),
    (
        "lesson_facts",
        "absence_notices",
        "coalesce(ended_at, started_at)::date < $first or (coalesce(ended_at, started_at) is null " + _UNDATED + ")",
    ),
    ("lesson_facts", "lessons", f"lesson_id in ({_OLD_LESSONS}) or (school_date is null {_UNDATED})"),
    ("grades", "grades", f"registered_date < $first or (registered_date is null {_UNDATED})"),
    ("register", "group_memberships", f"person_id in ({_GONE})"),
    ("register", "pupils", f"person_id in ({_GONE})"),
    ("register", "enrolments", f"person_id in ({_GONE})"),
)
_ASKED = re.compile(r"from (lessons|enrolments|pupils|deletions)\b")


# Of what is judged by others so many files at a time: a full-size year has some hundred million rows.
_FILES_AT_ONCE = 40


def expired_rows(
    files: Mapping[str, Sequence[Path]], step: tuple[str, str, str], first: date, spill_dir: Path
) -> Iterator[FoundRows]:
    """Find a source's rows of one step that are older than the first day that is kept, some files at a time.

    Raises:
        LandingError: a file is missing or damaged.
    """
    _, entity, condition = step
    asked = set(_ASKED.findall(condition))
    known = {name: files.get(name, ()) for name in sorted(asked)}
    mine = sorted(files.get(entity, ()))
    at_once = len(mine) if entity in asked else _FILES_AT_ONCE
    for start in range(0, len(mine), at_once or 1):
        some = known | {entity: mine[start : start + at_once]}
        found = find_rows(some, entity, condition, {"first": first}, spill_dir=spill_dir)
        if found.rows:
            yield found
