"""What stands of a source's landed rows: the newest version of each record, less what was deleted."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from narvaro.at_rest import rows_of
from narvaro.landing.disk import disk_errors, make_private_dir

if TYPE_CHECKING:
    import duckdb

# Several sources are judged side by side; what is larger goes to the disk for a while, as keyed as it was landed.
_MEMORY = "1GB"

Files = Mapping[str, Sequence[Path]]

# A record of which some version has no time of change goes by nights, which the first eight characters of a load's id
# are: a source that stops telling times, and then begins again, must not leave what it said in between standing.
_NEWEST = """
    select * exclude (_is_untimed) from (
        select *, bool_or(_source_modified_at is null) over (partition by {key}) as _is_untimed from {rows}
    )
    qualify row_number() over (
        partition by {key}
        order by if(_is_untimed, left(_load_id, 8), '') desc, _source_modified_at desc, _load_id desc, _row desc
    ) = 1
"""
# What a unit is called to people: its official code, else the source's own id.
UNIT_CODE = "coalesce(school_unit.school_unit_code, {place}.organisation_id, '')"
# One row per lesson, activity, pupil and unit, whatever became of it: enough to say where a record belongs.
_PLACES = """
    create view activity as
        select * from all_activities
        qualify row_number() over (partition by activity_id order by _load_id desc, _row desc) = 1;
    create view school_unit as
        select * from all_school_units
        qualify row_number() over (partition by organisation_id order by _load_id desc, _row desc) = 1;
    create view lesson as {newest_lessons};
    create view lesson_unit as
        select lesson.lesson_id, lesson.school_date, activity.organisation_id
        from lesson left join activity using (activity_id);
    create view enrolment as
        select * from all_enrolments
        qualify left(_load_id, 8) = max(left(_load_id, 8)) over (partition by person_id);
    create view pupil_unit as
        select person_id, max(organisation_id) as organisation_id from enrolment group by person_id;
    create view membership as
        select * from all_group_memberships
        qualify left(_load_id, 8) = max(left(_load_id, 8)) over (partition by group_id);
"""


@dataclass(frozen=True, slots=True)
class Record:
    """How the rows of an entity are counted: their id, and what leads to their school unit."""

    column: str
    join: str = ""
    unit: str = "record.organisation_id"


RECORDS: dict[str, Record] = {
    "pupils": Record("person_id", "left join pupil_unit as place using (person_id)", "place.organisation_id"),
    "group_memberships": Record("group_id"),
    "lessons": Record("lesson_id", "left join activity as place using (activity_id)", "place.organisation_id"),
    "attendances": Record("attendance_id", "left join lesson_unit as place using (lesson_id)", "place.organisation_id"),
    "absence_notices": Record("absence_notice_id"),
    "grades": Record("grade_id"),
}


def newest_of(rows: str, key: str) -> str:
    """Write the query of each record's newest version; the rows need their provenance."""
    return _NEWEST.format(rows=rows, key=key)


@contextmanager
def standing_rows(
    earlier: Files, tonight: Files, schemas: Mapping[str, pa.Schema], spill_dir: Path
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection with the views `earlier_x`, `tonight_x` and `all_x` of every entity x, and its places.

    Args:
        earlier: the files of the accepted loads, by entity.
        tonight: the files of the night at hand.
        schemas: the columns of every entity, for those without a file.
        spill_dir: an existing folder of ours, for what does not fit into memory.

    Raises:
        LandingError: the folder cannot be written.
    """
    # Takes a quarter of a second; most commands need no rows.
    import duckdb

    with disk_errors(spill_dir):
        make_private_dir(spill_dir)
        spill = tempfile.TemporaryDirectory(dir=spill_dir, prefix=".spill-")
    config: dict[str, str | bool | int | float | list[str]] = {
        "temp_directory": spill.name,
        "memory_limit": _MEMORY,
        "preserve_insertion_order": False,
    }
    with spill, duckdb.connect(config=config) as connection:
        for entity, schema in schemas.items():
            for when, files in (("earlier", earlier.get(entity, ())), ("tonight", tonight.get(entity, ()))):
                _create_view(connection, f"{when}_{entity}", files, schema)
            union = f"select * from earlier_{entity} union all by name select * from tonight_{entity}"  # noqa: S608 - ours
            connection.execute(f"create view all_{entity} as {union}")
        connection.execute(_PLACES.format(newest_lessons=newest_of("all_lessons", "lesson_id")))
        yield connection


def _create_view(connection: duckdb.DuckDBPyConnection, name: str, files: Sequence[Path], schema: pa.Schema) -> None:
    """Name the rows of some files; without a file there are columns and no rows."""
    fields = [
        field if field.name != "source_modified_at" else field.with_name("_source_modified_at") for field in schema
    ]
    stamps = [pa.field("_source", pa.string()), pa.field("_load_id", pa.string()), pa.field("_row", pa.int64())]
    connection.register("columns", pa.schema([*fields, *stamps]).empty_table())
    # A table of its own: DuckDB cannot push every filter down into what Arrow holds.
    connection.execute(f"create table {name}_columns as from columns")
    connection.unregister("columns")
    rows = f"select * from {name}_columns"  # noqa: S608 - our own name
    if files:
        # A column that older loads do not have is null in them.
        rows += f" union all by name from {rows_of(connection, files, 'union_by_name = true')}"
    connection.execute(f"create view {name} as {rows}")
