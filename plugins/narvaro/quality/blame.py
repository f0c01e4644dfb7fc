"""From demands that were not met to failures: one per rule, in counts and record ids, never values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from narvaro.quality.verdict import MAX_RECORD_IDS, Failure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from narvaro.quality.engine import Outcome
    from narvaro.quality.suite import LoadedSuite
    from narvaro.quality.verdict import FaultyRow

TOO_MANY_QUARANTINED = "too_many_quarantined"


def failures_of_load(
    loaded: LoadedSuite, outcomes: Sequence[Outcome], faulty: Sequence[FaultyRow]
) -> tuple[Failure, ...]:
    """Give one failure per rule, counting each row once however many of its demands it failed."""
    counts: dict[str, int] = {}
    ids: dict[str, list[str]] = {}
    for row in faulty:
        counts[row.rule] = counts.get(row.rule, 0) + 1
        told = ids.setdefault(row.rule, [])
        if row.record_id is not None and len(told) < MAX_RECORD_IDS:
            told.append(row.record_id)
    return tuple(
        _failure(members, counts.get(rule, len(members)), record_ids=ids.get(rule, ()))
        for rule, members in _by_rule(loaded, outcomes).items()
    )


def failures_of_mart(loaded: LoadedSuite, outcomes: Sequence[Outcome], frame: pd.DataFrame) -> tuple[Failure, ...]:
    """Give one failure per rule, with the keys of the mart's rows concerned."""
    failures = []
    for members in _by_rule(loaded, outcomes).values():
        rows = sorted({row for outcome in members for row in outcome.rows})
        found = frame.loc[rows, list(loaded.suite.key)].to_dict("records") if rows and loaded.suite.key else ()
        keys = [{str(name): str(value) for name, value in entry.items()} for entry in found]
        failures.append(_failure(members, len(rows) or len(members), keys=keys))
    return tuple(failures)


def too_many(held: int) -> Failure:
    """Give the failure of a load of which too large a share is held."""
    return Failure(
        rule=TOO_MANY_QUARANTINED,
        severity="critical",
        level="table",
        count=held,
        note_sv="För stor andel av leveransen är felaktig. Rätta felen eller kontakta er leverantör.",
        note_en="Too large a share of the delivery is wrong. Mend the faults or contact your supplier.",
    )


def _by_rule(loaded: LoadedSuite, outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """Give the outcomes of each rule, the rules in the suite's order."""
    found: dict[str, list[Outcome]] = {expectation.id: [] for expectation in loaded.suite.expectations}
    for outcome in outcomes:
        found[outcome.expectation.id].append(outcome)
    return {rule: members for rule, members in found.items() if members}


def _failure(
    outcomes: Sequence[Outcome],
    count: int,
    *,
    record_ids: Sequence[str] = (),
    keys: Sequence[Mapping[str, str]] = (),
) -> Failure:
    expectation = outcomes[0].expectation
    columns = sorted({column for outcome in outcomes for column in outcome.expectation.own_columns})
    return Failure(
        rule=expectation.id,
        severity=expectation.severity,
        level=expectation.level,
        count=count,
        column=", ".join(columns),
        record_ids=tuple(record_ids),
        note_sv=expectation.note.sv,
        note_en=expectation.note.en,
        owner=expectation.owner,
        keys=tuple(keys),
    )
