"""A measure held against units that had none, and against what the same choice of units shows without a measure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from narvaro.followup.measured import Assessment, assess, choose_comparisons

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from narvaro.followup.panel import Panel
    from narvaro.followup.register import Measure

_YEAR = timedelta(weeks=52)
_COMPARISONS_PER_UNIT = 4
_LEAST_COMPARISONS_CHOSEN = 10


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What a measure's windows show; `placebo` is the same question a year earlier, where nothing was done.

    A placebo whose naive change is as large as the measure's says that the units were chosen in a bad moment.
    """

    measure_id: str
    assessment: Assessment
    comparisons: tuple[str, ...] = ()
    placebo: Assessment | None = None


def follow_up(
    measure: Measure,
    panel: Panel,
    mix: Mapping[str, Sequence[float]],
    others: Sequence[Measure] = (),
) -> FollowUp:
    """Follow a measure up by its frozen window and comparison; `mix` gives each unit's shares of grades."""
    if measure.frozen_date > measure.start_date:
        return _silent(measure, "decided_after_the_start")
    windows = panel.around(measure.start_date, measure.window_weeks)
    if windows is None:
        return _silent(measure, "too_few_weeks")
    if missing := set(measure.school_units) - set(panel.codes):
        return _silent(measure, f"{len(missing)}_units_without_figures")
    before, after = windows
    free = _free(panel, measure, others, before[0], after[-1])
    chosen = list(measure.comparisons) or _alike(measure.school_units, panel, before, mix, free)
    treated = [panel.window(code, before, after) for code in measure.school_units]
    found = assess(treated, [panel.window(code, before, after) for code in chosen])
    return FollowUp(measure.measure_id, found, tuple(chosen), _placebo(measure, panel, mix, others))


def _silent(measure: Measure, reason: str) -> FollowUp:
    return FollowUp(measure.measure_id, Assessment("not_assessable", (reason,)))


def _free(panel: Panel, measure: Measure, others: Sequence[Measure], first: date, last: date) -> set[str]:
    """Give the units that no measure touches in these weeks."""
    busy = set(measure.school_units)
    for other in others:
        if other.start_date <= last + timedelta(days=6) and (other.end_date is None or other.end_date >= first):
            busy |= set(other.school_units)
    return set(panel.codes) - busy


def _alike(
    treated: Sequence[str],
    panel: Panel,
    before: Sequence[date],
    mix: Mapping[str, Sequence[float]],
    free: set[str],
) -> list[str]:
    """Give the free units most like the treated before the start."""
    facts = {code: row for code in sorted(free) if (row := panel.facts(code, before, mix)) is not None}
    rows = [row for code in treated if (row := panel.facts(code, before, mix)) is not None]
    per_unit = max(_COMPARISONS_PER_UNIT, -(-_LEAST_COMPARISONS_CHOSEN // max(1, len(rows))))
    return choose_comparisons(rows, facts, per_unit=per_unit)


def _placebo(
    measure: Measure,
    panel: Panel,
    mix: Mapping[str, Sequence[float]],
    others: Sequence[Measure],
) -> Assessment | None:
    """Ask the same a year earlier of units that looked then as the treated looked before their start."""
    now = panel.around(measure.start_date, measure.window_weeks)
    then = panel.around(measure.start_date - _YEAR, measure.window_weeks)
    if now is None or then is None:
        return None
    free = _free(panel, measure, others, then[0][0], then[1][-1])
    facts = {code: row for code in sorted(free) if (row := panel.facts(code, then[0], mix)) is not None}
    rows = [row for code in measure.school_units if (row := panel.facts(code, now[0], mix)) is not None]
    chosen = choose_comparisons(rows, facts, per_unit=1)
    compared = _alike(chosen, panel, then[0], mix, free - set(chosen))
    return assess([panel.window(code, *then) for code in chosen], [panel.window(code, *then) for code in compared])
