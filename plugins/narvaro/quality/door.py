"""The doors: a load on arrival, a mart before publication."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from narvaro.quality.blame import failures_of_load, failures_of_mart, too_many
from narvaro.quality.engine import Outcome, find_failures
from narvaro.quality.frames import columns_of, derive, read_frames, repeated_rows, row_count_of
from narvaro.quality.shape import about_content, is_critical, require_columns, shape_outcomes
from narvaro.quality.suite import LoadedSuite, load_suite
from narvaro.quality.verdict import FaultyRow, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import pandas as pd

    from narvaro.quality.verdict import Failure


def check_load(  # noqa: PLR0913 - a load is named by three things, and the county decides three
    suite_path: Path,
    *,
    load_id: str,
    source: str,
    entity: str,
    files: Sequence[Path],
    timezone: ZoneInfo,
    max_quarantine_share: float = 0.05,
    tolerated_rows: int = 20,
) -> Verdict:
    """Give the verdict on a load; too large a share of held rows refuses it, but for a tolerated few.

    Raises:
        ConfigError: the suite is wrong.
    """
    loaded = load_suite(suite_path)
    shape, rows = columns_of(files), row_count_of(files)
    outcomes = list(shape_outcomes(loaded, shape))
    faulty: dict[tuple[int, str], FaultyRow] = {}
    if not any(is_critical(outcome) for outcome in outcomes):
        outcomes += _table_outcomes(loaded, rows)
        for outcome, frame in _row_outcomes(loaded, files, shape, timezone) if rows else ():
            outcomes.append(outcome)
            faulty |= {(row.row, row.rule): row for row in _faulty_rows(loaded, outcome, frame)}
    ordered = tuple(faulty[key] for key in sorted(faulty))
    failures = failures_of_load(loaded, outcomes, ordered)
    held = len({row.row for row in ordered if row.is_held})
    if held > max(max_quarantine_share * rows, tolerated_rows):
        failures = (*failures, too_many(held))
    return Verdict(loaded.suite.suite, _status(failures, held), rows, load_id, source, entity, failures, ordered)


def check_mart(suite_path: Path, frame: pd.DataFrame) -> Verdict:
    """Give the verdict on a mart; a critical demand that is not met refuses it, on whatever level.

    Raises:
        ConfigError: the suite is wrong.
    """
    loaded = load_suite(suite_path)
    outcomes = list(shape_outcomes(loaded, frozenset(map(str, frame.columns))))
    prepared = frame.reset_index(drop=True)
    if not any(is_critical(outcome) for outcome in outcomes):
        prepared = derive(prepared, loaded.suite.derived, ZoneInfo("UTC"))
        require_columns(loaded, frozenset(map(str, prepared.columns)))
        outcomes += find_failures(loaded, about_content(loaded, with_rows=len(frame) > 0), prepared)
    failures = failures_of_mart(loaded, outcomes, prepared)
    is_refused = any(failure.severity == "critical" for failure in failures)
    return Verdict(loaded.suite.suite, "refused" if is_refused else "passed", len(frame), failures=failures)


def _status(failures: Iterable[Failure], held: int) -> str:
    if any(failure.level == "table" and failure.severity == "critical" for failure in failures):
        return "refused"
    return "quarantined" if held else "passed"


def _table_outcomes(loaded: LoadedSuite, rows: int) -> list[Outcome]:
    """Put the demands on a load as a whole; of its content they see no more than how many rows there are."""
    import pandas as pd

    demands = [expectation for expectation in about_content(loaded) if expectation.level == "table"]
    for expectation in demands:
        if expectation.columns:
            raise loaded.problem(expectation, "is put to columns of a whole load. Put it to its rows, or to a mart.")
    return find_failures(loaded, demands, pd.DataFrame(index=range(rows)))


def _row_outcomes(
    loaded: LoadedSuite, files: Sequence[Path], shape: frozenset[str], timezone: ZoneInfo
) -> Iterator[tuple[Outcome, pd.DataFrame]]:
    """Put the demands on rows, some rows at a time; those that hold rows against each other see all that could fail."""
    derived = loaded.suite.derived
    require_columns(loaded, shape | derived.keys())
    demands = [expectation for expectation in about_content(loaded) if expectation.level == "row"]
    alone = [expectation for expectation in demands if not expectation.is_across_rows]
    needed = {column for expectation in demands for column in expectation.columns}
    needed |= {column for derivation in derived.values() for column in derivation.columns}
    needed |= {loaded.suite.record_id} - {""}
    for frame in read_frames(files, needed & shape):
        prepared = derive(frame, derived, timezone)
        for outcome in find_failures(loaded, alone, prepared):
            yield outcome, prepared
    for expectation in demands:
        names = sorted(set(expectation.own_columns) & shape)
        doubtful = repeated_rows(files, names, needed & shape) if expectation.is_across_rows and names else None
        if doubtful is not None:
            for outcome in find_failures(loaded, [expectation], derive(doubtful, derived, timezone)):
                yield outcome, doubtful


def _faulty_rows(loaded: LoadedSuite, outcome: Outcome, frame: pd.DataFrame) -> Iterator[FaultyRow]:
    """Give the failing rows with the source's own ids; none where a row is a pupil."""
    rule, column = outcome.expectation.id, loaded.suite.record_id
    ids: Iterable[str | None] = [None] * len(outcome.rows)
    if column and loaded.suite.show_record_ids and column in frame:
        values = frame.loc[list(outcome.rows), column]
        ids = [None if is_missing else str(value) for value, is_missing in zip(values, values.isna(), strict=True)]
    for row, record_id in zip(outcome.rows, ids, strict=True):
        yield FaultyRow(int(row), rule, record_id, is_held=is_critical(outcome))
