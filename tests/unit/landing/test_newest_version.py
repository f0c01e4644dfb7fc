"""Which version of a record stands, whatever its source tells of times."""

from __future__ import annotations

import duckdb
import pytest

from narvaro.landing.standing import newest_of

EARLY, LATE = "2026-09-01 08:00:00+00", "2026-09-21 08:00:00+00"
FIRST, SECOND, THIRD = "20260919-s-pupils-a", "20260920-s-pupils-b", "20260921-s-pupils-c"


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ([(FIRST, EARLY, "old"), (SECOND, LATE, "new")], "new"),
        ([(FIRST, LATE, "new"), (SECOND, EARLY, "came late, from a copy that lags")], "new"),
        ([(FIRST, EARLY, "old"), (SECOND, None, "told without a time")], "told without a time"),
        ([(FIRST, None, "told without a time"), (SECOND, EARLY, "told again")], "told again"),
        ([(FIRST, EARLY, "whole"), (SECOND, None, "stripped"), (THIRD, EARLY, "given back")], "given back"),
        ([(FIRST, EARLY, "first row"), (FIRST, EARLY, "last row")], "last row"),
        ([(FIRST, None, "untimed"), (FIRST, EARLY, "timed in the same night")], "timed in the same night"),
    ],
)
def test_the_newest_version_stands(versions: list[tuple[str, str | None, str]], expected: str):
    rows = [(load_id, row, "id", modified, value) for row, (load_id, modified, value) in enumerate(versions)]
    with duckdb.connect() as connection:
        connection.execute(
            "create table versions (_load_id text, _row bigint, id text, _source_modified_at timestamptz, v text)"
        )
        connection.executemany("insert into versions values (?, ?, ?, ?, ?)", rows)
        (found,) = connection.execute(f"select v from ({newest_of('versions', 'id')})").fetchall()
        columns = [name for name, *_ in connection.execute(newest_of("versions", "id")).description]
    assert found == (expected,)
    assert columns == ["_load_id", "_row", "id", "_source_modified_at", "v"]
