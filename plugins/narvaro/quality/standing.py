"""What still stands of the faults of earlier nights: not being mentioned is not being mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from narvaro.at_rest import rows_of
from narvaro.quality.frames import columns_of
from narvaro.quality.suite import Expectation, LoadedSuite, load_suite
from narvaro.quality.verdict import MAX_RECORD_IDS, Failure
from narvaro.quality.withholding import PERSON

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

# A fault stands while no later load brought its record anew or told that it was deleted.
# A row without an id stands until the source's next load. Eight characters of a load's id are its night.
_STANDING = """
    with loads as (
        select "{column}"::varchar as record_id, {is_hidden} as is_hidden, _load_id, _row, left(_load_id, 8) as night
        from {loads}
    ),
    faults as (
        select loads.record_id, loads.is_hidden, loads.night, failed.rule, failed._load_id, failed._row
        from {faults} as failed
        inner join loads using (_load_id, _row)
    ),
    newest as (
        select record_id, max(night) as night from loads
        where record_id in (select record_id from faults) group by record_id
    ),
    gone as (select record_id, max(night) as night from ({deletions}) group by record_id)
    select
        faults.rule,
        coalesce(faults.record_id, faults._load_id || '/' || faults._row) as id,
        bool_and(faults.record_id is not null and not faults.is_hidden) as has_id
    from faults
    left join newest on faults.record_id = newest.record_id
    left join gone on faults.record_id = gone.record_id and gone.night >= faults.night
    where gone.record_id is null
        and faults.night = coalesce(newest.night, (select max(night) from loads))
    group by 1, 2 order by all
"""
_IS_HIDDEN = "coalesce(person_id in (select unnest($people::varchar[])), false)"
_DELETIONS = "select record_id, left(_load_id, 8) as night from {files}"
_NO_DELETIONS = "select null::varchar as record_id, null::varchar as night where false"


def standing_failures(
    suite_path: Path,
    *,
    fault_files: Sequence[Path],
    load_files: Sequence[Path],
    deletion_files: Sequence[Path] = (),
    hidden_people: Collection[str] = (),
) -> tuple[Failure, ...]:
    """Give what still stands of the rows that failed in one source's accepted loads of one entity.

    `fault_files` are quarantine and remarks; `load_files` all accepted loads of the entity;
    `deletion_files` all accepted loads of the source's deletions. Rows about `hidden_people`
    count, and their ids are not told.
    """
    if not fault_files or not load_files:
        return ()
    loaded = load_suite(suite_path)
    counted = _count(loaded.suite.record_id, fault_files, load_files, deletion_files, hidden_people)
    first_of_rule = {expectation.id: expectation for expectation in reversed(loaded.suite.expectations)}
    return tuple(
        _failure(loaded, first_of_rule[rule], count, ids)
        for rule, (count, ids) in sorted(counted.items())
        # A rule that has left the suite is no longer demanded.
        if rule in first_of_rule
    )


def _failure(loaded: LoadedSuite, expectation: Expectation, count: int, ids: Sequence[str]) -> Failure:
    return Failure(
        rule=expectation.id,
        severity=expectation.severity,
        level=expectation.level,
        count=count,
        column=", ".join(expectation.own_columns),
        record_ids=tuple(ids) if loaded.suite.show_record_ids else (),
        note_sv=expectation.note.sv,
        note_en=expectation.note.en,
        owner=expectation.owner,
    )


def _count(
    column: str,
    fault_files: Sequence[Path],
    load_files: Sequence[Path],
    deletion_files: Sequence[Path],
    hidden_people: Collection[str],
) -> dict[str, tuple[int, list[str]]]:
    """Count the standing rows per rule, and give the first of their ids."""
    import duckdb

    has_people = PERSON in columns_of(load_files[:1])
    counted: dict[str, tuple[int, list[str]]] = {}
    with duckdb.connect() as connection:
        gone = _DELETIONS.format(files=rows_of(connection, deletion_files)) if deletion_files else _NO_DELETIONS
        query = _STANDING.format(
            column=column,
            is_hidden=_IS_HIDDEN if has_people else "false and $people is null",
            loads=rows_of(connection, load_files),
            faults=rows_of(connection, fault_files),
            deletions=gone,
        )
        for rule, record_id, has_id in connection.execute(query, {"people": sorted(hidden_people)}).fetchall():
            count, ids = counted.setdefault(rule, (0, []))
            if has_id and len(ids) < MAX_RECORD_IDS:
                ids.append(record_id)
            counted[rule] = (count + 1, ids)
    return counted
