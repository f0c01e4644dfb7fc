"""Follow-up over the restricted marts: what is read, and how it becomes weeks, strata and panels."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from narvaro.errors import ConfigError
from narvaro.followup import FunnelUnit, Week, chart, differences_from_the_rest, follow_up, funnel
from narvaro.followup.panel import Panel, UnitWeek
from narvaro.followup.register import load_measures
from narvaro.orchestration.restricted import read_restricted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from narvaro.followup import Chart, FollowUp, Funnel, Measure
    from narvaro.orchestration.line import Line

_UNIT_WEEKS = """
    select school_unit_code, week_start_date, iso_week, absent_minutes, offered_minutes, scheduled_minutes, pupils_count
    from marts.fct_absence_by_school_unit_week
    order by all
"""
_COUNTY_WEEKS = "select iso_week, absent_minutes, offered_minutes from marts.fct_absence_by_county_week order by all"
_STRATA = """
    select school_unit_code, term_code, school_form, grade, sex, classed_pupils_count, persistent_10_count,
        persistent_15_count, persistent_20_count, persistent_50_count, pupils_count
    from marts.fct_absence_by_school_unit_term
    where school_form <> 'all' and sex <> 'all'
    order by all
"""
THRESHOLDS = (10, 15, 20, 50)


def weekly_chart(line: Line, unit: str, *, purpose: str, actor: str) -> Chart:
    """Give a unit's weeks beside the rest of the county; documented changes are the starts of its measures.

    Raises:
        ConfigError: no unit of that code has figures.
    """
    rows = _read(line, _UNIT_WEEKS, purpose, actor)
    own = [_week(row) for row in rows if row["school_unit_code"] == unit]
    if not own:
        message = f"There are no figures of a school unit {unit}. Write the eight digits of one that is read."
        raise ConfigError(message)
    county = [_week(row) for row in _read(line, _COUNTY_WEEKS, purpose, actor)]
    return chart(differences_from_the_rest(own, county), rebases=_changes(line, unit))


def unit_funnel(line: Line, term_code: str, threshold: int, *, purpose: str, actor: str) -> Funnel:
    """Place every unit of publishable size by its share of classed pupils at or above a threshold."""
    least = line.county.publication.thresholds.unit_pupils
    pupils: dict[str, dict[tuple[str, ...], int]] = defaultdict(dict)
    cases: dict[str, dict[tuple[str, ...], int]] = defaultdict(dict)
    for row in _read(line, _STRATA, purpose, actor):
        if row["term_code"] == term_code:
            stratum = (row["school_form"], row["grade"], row["sex"])
            pupils[row["school_unit_code"]][stratum] = row["classed_pupils_count"]
            cases[row["school_unit_code"]][stratum] = row[f"persistent_{threshold}_count"]
    shown = [code for code in sorted(pupils) if sum(pupils[code].values()) >= least]
    return funnel([FunnelUnit(code, pupils[code], cases[code]) for code in shown])


def measure_follow_up(line: Line, measure: Measure, *, purpose: str, actor: str) -> FollowUp:
    """Hold a measure against units without one, by its frozen window."""
    weeks = [
        UnitWeek(
            row["school_unit_code"],
            row["week_start_date"],
            row["absent_minutes"],
            row["offered_minutes"],
            row["scheduled_minutes"],
            row["pupils_count"],
        )
        for row in _read(line, _UNIT_WEEKS, purpose, actor)
    ]
    others = [other for other in load_measures(line.settings.config_dir) if other.measure_id != measure.measure_id]
    return follow_up(measure, Panel(weeks), _grade_mix(_read(line, _STRATA, purpose, actor)), others)


def _read(line: Line, query: str, purpose: str, actor: str) -> list[dict[str, Any]]:
    return read_restricted(line, query, purpose=purpose, actor=actor)


def _week(row: Mapping[str, Any]) -> Week:
    return Week(row["iso_week"], row["absent_minutes"], row["offered_minutes"])


def _changes(line: Line, unit: str) -> dict[str, str]:
    """Give the documented changes of a unit: the ISO weeks in which its measures started."""
    own = [measure for measure in load_measures(line.settings.config_dir) if unit in measure.school_units]
    weeks = {measure: measure.start_date.isocalendar() for measure in own}
    return {f"{week.year:04d}-W{week.week:02d}": measure.title for measure, week in weeks.items()}


def _grade_mix(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[float]]:
    """Give each unit's shares of the strata's school forms and grades, over all terms."""
    grades = sorted({(row["school_form"], row["grade"]) for row in rows})
    counts: dict[str, dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        counts[row["school_unit_code"]][row["school_form"], row["grade"]] += row["pupils_count"]
    return {code: [own[grade] / max(1, sum(own.values())) for grade in grades] for code, own in counts.items()}
