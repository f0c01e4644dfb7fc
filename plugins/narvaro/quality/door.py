"""The doors: a load on arrival, a mart before publication."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from narvaro.quality.engine import Outcome, find_failures
from narvaro.quality.frames import columns_of, derive, read_frame, row_count_of
from narvaro.quality.suite import Expectation, LoadedSuite, load_suite
from narvaro.quality.verdict import MAX_RECORD_IDS, Failure, FaultyRow, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import pandas as pd

TOO_MANY_QUARANTINED = "too_many_quarantined"


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
    shape = columns_of(files)
    rows = row_count_of(files)
    outcomes = _check_shape(loaded, shape)
    frame = None
    if not any(_stops(outcome.expectation) for outcome in outcomes):
        frame = _frame(loaded, files, shape, timezone)
        outcomes += find_failures(loaded, _about_content(loaded, with_rows=rows > 0), frame)
    faulty = _faulty_rows(loaded, outcomes, frame)
    failures = _failures(loaded, outcomes, frame)
    held = len({row.row for row in faulty if row.is_held})
    if held > max(max_quarantine_share * rows, tolerated_rows):
        failures = (*failures, _too_many(held))
    return Verdict(loaded.suite.suite, _status(failures, held), rows, load_id, source, entity, failures, faulty)


def check_mart(suite_path: Path, frame: pd.DataFrame) -> Verdict:
    """Give the verdict on a mart; a critical demand that is not met refuses it, on whatever level.

    Raises:
        ConfigError: the suite is wrong.
    """
    loaded = load_suite(suite_path)
    outcomes = _check_shape(loaded, frozenset(map(str, frame.columns)))
    if not any(_stops(outcome.expectation) for outcome in outcomes):
        prepared = derive(frame.reset_index(drop=True), loaded.suite.derived, ZoneInfo("UTC"))
        _require_columns(loaded, frozenset(map(str, prepared.columns)))
        outcomes += find_failures(loaded, _about_content(loaded, with_rows=len(frame) > 0), prepared)
    failures = _failures(loaded, outcomes, frame.reset_index(drop=True))
    is_refused = any(failure.severity == "critical" for failure in failures)
    return Verdict(loaded.suite.suite, "refused" if is_refused else "passed", len(frame), failures=failures)


def _status(failures: Iterable[Failure], held: int) -> str:
    if any(failure.level == "table" and failure.severity == "critical" for failure in failures):
        return "refused"
    return "quarantined" if held else "passed"


def _check_shape(loaded: LoadedSuite, shape: frozenset[str]) -> list[Outcome]:
    """Put the demands on columns to a frame that has them all and no rows."""
    import pandas as pd

    demands = [expectation for expectation in loaded.suite.expectations if expectation.is_about_shape]
    return find_failures(loaded, demands, pd.DataFrame(columns=sorted(shape)))


def _frame(loaded: LoadedSuite, files: Sequence[Path], shape: frozenset[str], timezone: ZoneInfo) -> pd.DataFrame:
    """Read what the suite needs, and add what it derives."""
    derived = loaded.suite.derived
    _require_columns(loaded, shape | derived.keys())
    needed = {column for expectation in loaded.suite.expectations for column in expectation.columns}
    needed |= {column for derivation in derived.values() for column in derivation.columns}
    if loaded.suite.record_id:
        needed.add(loaded.suite.record_id)
    return derive(read_frame(files, needed & shape), derived, timezone)


def _require_columns(loaded: LoadedSuite, shape: frozenset[str]) -> None:
    """Blame the suite for a column that it reads and never demanded; blame of data comes from its demands."""
    for expectation in loaded.suite.expectations:
        if unknown := sorted(set(expectation.columns) - shape):
            raise loaded.problem(expectation, f"reads {unknown}, which the table does not have. Correct the name.")


def _about_content(loaded: LoadedSuite, *, with_rows: bool) -> list[Expectation]:
    """Give the demands on content; an empty table has no rows to put demands to."""
    return [e for e in loaded.suite.expectations if not e.is_about_shape and (with_rows or e.level == "table")]


def _stops(expectation: Expectation) -> bool:
    return expectation.severity == "critical"


def _faulty_rows(loaded: LoadedSuite, outcomes: Iterable[Outcome], frame: pd.DataFrame | None) -> tuple[FaultyRow, ...]:
    """Give each failing row once per rule, in the load's order."""
    found: dict[tuple[int, str], FaultyRow] = {}
    for outcome in outcomes:
        expectation = outcome.expectation
        if expectation.level == "row" and frame is not None:
            ids = _record_ids(loaded, outcome.rows, frame)
            for row, record_id in zip(outcome.rows, ids, strict=True):
                key = (int(row), expectation.id)
                found[key] = FaultyRow(int(row), expectation.id, record_id, is_held=_stops(expectation))
    return tuple(found[key] for key in sorted(found))


def _record_ids(loaded: LoadedSuite, rows: Sequence[object], frame: pd.DataFrame) -> list[str | None]:
    """Give the source's own ids of rows; none where a row is a pupil."""
    column = loaded.suite.record_id
    if not column or not loaded.suite.show_record_ids or column not in frame:
        return [None] * len(rows)
    values = frame.loc[list(rows), column]
    return [None if is_missing else str(value) for value, is_missing in zip(values, values.isna(), strict=True)]


def _failures(loaded: LoadedSuite, outcomes: Sequence[Outcome], frame: pd.DataFrame | None) -> tuple[Failure, ...]:
    """Give one failure per rule, counting each row once however many of its demands it failed."""
    by_rule: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_rule.setdefault(outcome.expectation.id, []).append(outcome)
    return tuple(_failure(loaded, members, frame) for members in by_rule.values())


def _failure(loaded: LoadedSuite, outcomes: Sequence[Outcome], frame: pd.DataFrame | None) -> Failure:
    expectation = outcomes[0].expectation
    rows = sorted({row for outcome in outcomes for row in outcome.rows})
    ids: list[str | None] = []
    keys: tuple[dict[str, str], ...] = ()
    if frame is not None and rows:
        ids = _record_ids(loaded, rows[:MAX_RECORD_IDS], frame)
        if loaded.suite.key:
            keys = tuple(_texts(entry) for entry in frame.loc[rows, list(loaded.suite.key)].to_dict("records"))
    columns = sorted({column for outcome in outcomes for column in outcome.expectation.own_columns})
    return Failure(
        rule=expectation.id,
        severity=expectation.severity,
        level=expectation.level,
        count=len(rows) or len(outcomes),
        column=", ".join(columns),
        record_ids=tuple(record_id for record_id in ids if record_id is not None),
        note_sv=expectation.note.sv,
        note_en=expectation.note.en,
        keys=keys,
    )


def _texts(entry: dict[object, object]) -> dict[str, str]:
    return {str(name): str(value) for name, value in entry.items()}


def _too_many(held: int) -> Failure:
    return Failure(
        rule=TOO_MANY_QUARANTINED,
        severity="critical",
        level="table",
        count=held,
        note_sv="För stor andel av leveransen är felaktig. Rätta felen eller kontakta er leverantör.",
        note_en="Too large a share of the delivery is wrong. Mend the faults or contact your supplier.",
    )
