"""Which records a night would make vanish: those a whole read no longer found, and what share of a unit they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from narvaro.landing.standing import RECORDS, UNIT_CODE, newest_of

if TYPE_CHECKING:
    import duckdb

# A whole read brings these back. What lies outside the asked days need not come, nor who has left since.
_EXPECTED = {
    "pupils": """record.person_id in (
        select person_id from enrolment
        where not coalesce(is_cancelled, false)
            and coalesce(start_date, '0001-01-01'::date) <= $night and coalesce(end_date, '9999-12-31'::date) >= $night
    )""",
    "group_memberships": """record.group_id in (
        select group_id from membership where coalesce(end_date, '9999-12-31'::date) >= $night
    )""",
    "lessons": "record.school_date between $first and $last",
    "attendances": "record.lesson_id in (select lesson_id from lesson where school_date between $first and $last)",
    "absence_notices": "record.started_at::date between $first and $last",
    "grades": "record.registered_date between $first and $last",
}
# Hashes of ids keep the largest of these joins small; a collision puts off one deletion, or counts one row less.
_ABSENT = """
    with candidate as (
        select record.* from earlier_{entity} as record
        anti join (select hash({column}) as met from tonight_{entity}) as tonight on hash(record.{column}) = tonight.met
    ),
    last as (select {column}, max(left(_load_id, 8)) as night from candidate group by {column}),
    gone as (
        select record_id, max(left(_load_id, 8)) as night from all_deletions
        where entity = '{entity}' group by record_id
    ),
    record as ({newest})
    select record.{column} from record
    inner join last on record.{column} = last.{column}
    left join gone on record.{column} = gone.record_id
    where (gone.night is null or gone.night <= last.night) and {expected}
    order by all
"""
# What tonight's deletions would take away: records that stood before and that did not come again tonight.
_DELETED = """
    with told as (
        select record_id as {column}, coalesce(max(origin), 'told') as origin from tonight_deletions
        where entity = '{entity}' group by record_id
    ),
    touched as (
        select record.*, told.origin from earlier_{entity} as record
        inner join told using ({column})
        anti join tonight_{entity} as again on record.{column} = again.{column}
    ),
    last as (select {column}, max(left(_load_id, 8)) as night from touched group by {column}),
    gone as ({gone}),
    record as ({newest})
    select record.{column} as id, {unit} as organisation_id, record.origin from record {join}
    inner join last on record.{column} = last.{column}
    left join gone on record.{column} = gone.record_id
    where gone.night is null or gone.night <= last.night
"""
# What hangs on a list that is read whole every night: lessons whose activity, or its unit, is no longer there.
_UNLISTED = """
    with listed as (
        select * from earlier_activities where _load_id = (select max(_load_id) from earlier_activities)
    ),
    lost_unit as (
        select organisation_id from earlier_school_units
        where _load_id = (select max(_load_id) from earlier_school_units)
        except select organisation_id from tonight_school_units
    ),
    lost as (
        select activity_id, organisation_id from listed
        where activity_id not in (select activity_id from tonight_activities)
            or organisation_id in (select organisation_id from lost_unit)
    )
    select distinct record.lesson_id as id, lost.organisation_id, 'inferred' as origin
    from earlier_lessons as record inner join lost using (activity_id)
"""
# The registers of deleted pupils stand for nobody.
_OF_PUPILS = """
    select distinct record.attendance_id as id, place.organisation_id, pupil.origin
    from earlier_attendances as record inner join ({deleted}) as pupil on record.person_id = pupil.id {join}
"""
_GONE = """
    select record_id, max(left(_load_id, 8)) as night from earlier_deletions
    where entity = '{entity}' group by record_id
"""
_TOTALS = """
    with record as (
        select
            hash(record.{column}) as id_hash,
            max({unit}) as organisation_id,
            max(left(record._load_id, 8)::integer) as night
        from earlier_{entity} as record {join}
        where {unit} in (select organisation_id from doomed)
            or ({unit} is null and exists (select 1 from doomed where organisation_id is null))
        group by id_hash
    ),
    gone as ({gone}),
    total as (
        select record.organisation_id, count(*) as rows from record
        left join gone on record.id_hash = hash(gone.record_id)
        where gone.night is null or gone.night::integer <= record.night
        group by record.organisation_id
    ),
    loss as (
        select
            organisation_id,
            count(*) filter (origin = 'told') as told,
            count(*) filter (origin <> 'told') as inferred
        from doomed group by organisation_id
    )
    select
        {unit_code} as code,
        any_value(school_unit.school_unit_name),
        sum(total.rows),
        sum(loss.told),
        sum(loss.inferred)
    from loss inner join total on loss.organisation_id is not distinct from total.organisation_id
    left join school_unit on loss.organisation_id = school_unit.organisation_id
    group by code order by code
"""
# What is looked at, and what is counted: a deletion is as grave as what hangs on it.
CHECKS = (*((entity, entity) for entity in RECORDS), ("activities", "lessons"), ("pupils", "attendances"))


@dataclass(frozen=True, slots=True)
class Loss:
    """What one school unit would lose by the deletions of an entity, counted in rows of `counted`.

    An empty code stands for rows that name no unit.
    """

    school_unit_code: str
    school_unit_name: str
    entity: str
    counted: str
    rows: int
    told: int
    inferred: int

    @property
    def doomed(self) -> int:
        """Rows that would vanish."""
        return self.told + self.inferred

    @property
    def share(self) -> float:
        """Their share of the unit's rows."""
        return self.doomed / self.rows if self.rows else 0.0


def absent_ids(rows: duckdb.DuckDBPyConnection, entity: str, night: date, span: tuple[date, date]) -> list[str]:
    """Give the records that stood before and that a read of all the span's days did not bring again."""
    query = _ABSENT.format(
        entity=entity,
        column=RECORDS[entity].column,
        newest=newest_of("candidate", RECORDS[entity].column),
        expected=_EXPECTED[entity],
    )
    known = {"night": night, "first": span[0], "last": span[1]}
    found = rows.execute(query, {name: day for name, day in known.items() if f"${name}" in query}).fetchall()
    return [record_id for (record_id,) in found]


def losses(rows: duckdb.DuckDBPyConnection, entity: str, counted: str, *, least: int) -> list[Loss]:
    """Give what each unit would lose tonight by deletions of an entity, when it is `least` rows or more in all.

    `entity` and `counted` are a pair of CHECKS.
    """
    words = _words(counted)
    rows.execute(f"create or replace temp table doomed as {_doomed(entity, counted)}")
    (count,) = rows.execute("select count(*) from doomed").fetchall()[0]
    if count < max(least, 1):
        return []
    found = rows.execute(_TOTALS.format(**words, unit_code=UNIT_CODE.format(place="loss"))).fetchall()
    return [Loss(code, name or "", entity, counted, *map(int, numbers)) for code, name, *numbers in found]


def _doomed(entity: str, counted: str) -> str:
    """Give the query of the rows that would vanish: id, place and origin."""
    if entity not in RECORDS:
        return _UNLISTED
    deleted = _DELETED.format(**_words(entity), newest=newest_of("touched", RECORDS[entity].column))
    return deleted if entity == counted else _OF_PUPILS.format(deleted=deleted, join=RECORDS[counted].join)


def _words(entity: str) -> dict[str, str]:
    """Give what the queries say of an entity."""
    record = RECORDS[entity]
    named = {"entity": entity, "column": record.column, "unit": record.unit, "join": record.join}
    return named | {"gone": _GONE.format(entity=entity)}


def is_emptied(rows: duckdb.DuckDBPyConnection, entity: str) -> bool:
    """Tell whether a list that had rows before has come back with none."""
    query = f"select exists (from earlier_{entity}) and not exists (from tonight_{entity})"
    (answer,) = rows.execute(query).fetchall()[0]
    return bool(answer)
