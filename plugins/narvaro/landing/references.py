"""Which records a night's rows refer to that have not come: what a short list leaves behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from narvaro.landing.standing import RECORDS

if TYPE_CHECKING:
    from datetime import date

    import duckdb

# Read whole every night: what came on an earlier night does not stand for it.
_WHOLE = {"school_units": "organisation_id", "activities": "activity_id"}
# Members who have left need not be told of any more, and staff are never asked for.
# Grades and notices of earlier years stand when their pupil has left.
_OF_YEAR = "coalesce({}, '9999-12-31') >= $first"
_LIVE_MEMBERS = "coalesce(end_date, '9999-12-31'::date) >= $first and group_type is distinct from 'Personalgrupp'"
# What refers to each entity: which rows, by which column, and which of them.
_NAMED: dict[str, tuple[tuple[str, str, str], ...]] = {
    "school_units": (
        ("activities", "organisation_id", ""),
        ("enrolments", "organisation_id", ""),
        ("group_memberships", "organisation_id", ""),
    ),
    "activities": (("lessons", "activity_id", ""), ("aggregated_attendances", "activity_id", "")),
    "pupils": (
        ("attendances", "person_id", ""),
        ("aggregated_attendances", "person_id", ""),
        ("absence_notices", "person_id", _OF_YEAR.format("ended_at::date")),
        ("grades", "person_id", _OF_YEAR.format("registered_date")),
        ("group_memberships", "person_id", _LIVE_MEMBERS),
    ),
    "group_memberships": (("activities", "unnest(group_ids)", ""),),
    "lessons": (("attendances", "lesson_id", ""),),
}
REFERRED_TO = tuple(_NAMED)
_UNRESOLVED = """
    with named as ({named}),
    missing as (select id from named anti join (select {key} as id from {place}_{entity}) as known using (id))
    select (select count(*) from named), (select count(*) from missing), (
        select list(id order by id) from (from missing order by id limit $most)
    )
"""
_WITNESSES = """
    select {key} from (
        select {key}, row_number() over (order by {key}) as place, count(*) over () as total
        from (select distinct {key} from tonight_{entity} where {key} is not null)
    )
    where (place - 1) % greatest(total // $most, 1) = 0 order by place limit $most
"""


@dataclass(frozen=True, slots=True)
class Unresolved:
    """How many records of an entity a night's rows name, how many of them have not come, and some of those."""

    named: int
    missing: int
    ids: tuple[str, ...]


def unresolved(rows: duckdb.DuckDBPyConnection, entity: str, first: date, *, most: int) -> Unresolved:
    """Give the records that tonight's rows, or last night's whole list, name and that are not there.

    Args:
        rows: what stands, with the night beside it.
        entity: what is referred to, one of REFERRED_TO.
        first: the first day of the school year.
        most: how many ids are given at most.
    """
    named = [
        f"select {column} as id from tonight_{child}" + (f" where {condition}" if condition else "")  # noqa: S608 - ours
        for child, column, condition in _NAMED[entity]
    ]
    if entity in _WHOLE:
        named.append(
            f"select {_WHOLE[entity]} as id from earlier_{entity} "  # noqa: S608 - our own names
            f"where _load_id = (select max(_load_id) from earlier_{entity})"
        )
    every = f"select distinct id from ({' union all '.join(named)}) where id is not null"  # noqa: S608 - our own names
    place = "tonight" if entity in _WHOLE else "all"
    query = _UNRESOLVED.format(named=every, key=_key(entity), place=place, entity=entity)
    values = {"most": most} | ({"first": first} if "$first" in query else {})
    count, missing, ids = rows.execute(query, values).fetchall()[0]
    return Unresolved(count, missing, tuple(ids or ()))


def witnesses(rows: duckdb.DuckDBPyConnection, entity: str, *, most: int) -> list[str]:
    """Give some records of an entity that have come tonight, from all over it."""
    query = _WITNESSES.format(key=_key(entity), entity=entity)
    return [record_id for (record_id,) in rows.execute(query, {"most": most}).fetchall()]


def has_never_come(rows: duckdb.DuckDBPyConnection, entity: str) -> bool:
    """Tell whether nothing of an entity has come, tonight or before."""
    (answer,) = rows.execute(f"select not exists (from all_{entity})").fetchall()[0]
    return bool(answer)


def _key(entity: str) -> str:
    """Give the column that an entity is named by."""
    return _WHOLE.get(entity) or RECORDS[entity].column
