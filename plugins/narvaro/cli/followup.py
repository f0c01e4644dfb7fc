"""Commands for process leaders: a unit's weeks, units beside each other, and what a measure did."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from narvaro.cli.screen import ERR, errors_as_exit_codes, show
from narvaro.errors import ConfigError
from narvaro.orchestration.line import Line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from narvaro.followup import Assessment, Measure

group = typer.Typer(help="Follow up units and measures; every reading is logged.", no_args_is_help=True)
Purpose = Annotated[str, typer.Option(help="Why you read; kept in the access log.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
_NOTE = "What differs is worth asking about. A unit's level says next to nothing about what the school itself does."


def add_to(app: typer.Typer) -> None:
    """Add the group."""
    group.command()(weeks)
    group.command()(units)
    group.command()(measures)
    group.command()(measure)
    app.add_typer(group, name="followup")


def weeks(
    unit: Annotated[str, typer.Argument(help="School unit code, eight digits.")],
    purpose: Purpose,
    as_json: JsonOption = False,  # noqa: FBT002 - a command line flag
) -> None:
    """Show a unit's weeks against the rest of the county, with limits and signals (XmR)."""
    from narvaro.orchestration.following import weekly_chart

    with errors_as_exit_codes():
        drawn = weekly_chart(Line.open(), unit, purpose=purpose, actor=getpass.getuser())
    limits = {number: phase.limits for number, phase in enumerate(drawn.phases)}
    columns = ("iso_week", "difference_points", "mean", "lower", "upper", "signals")
    rows = [
        {
            "iso_week": point.iso_week,
            "difference_points": round(point.value, 3),
            **{name: _edge(limits[point.phase], name) for name in ("mean", "lower", "upper")},
            "signals": ", ".join(point.signals),
        }
        for point in drawn.points
    ]
    show(rows, title=f"Absence of {unit} less the rest of the county's", as_json=as_json, columns=columns)
    if any(phase.limits is None for phase in drawn.phases):
        ERR.print("No limits yet: twelve school weeks are needed to tell a change from ordinary variation.")


def units(
    term: Annotated[str, typer.Argument(help="Term, e.g. 2026HT.")],
    purpose: Purpose,
    threshold: Annotated[int, typer.Option(help="Per cent of absence: 10, 15, 20 or 50.")] = 10,
    as_json: JsonOption = False,  # noqa: FBT002
) -> None:
    """Show which units lie outside the funnel at the county's mix of grades and sexes."""
    from narvaro.orchestration.following import THRESHOLDS, unit_funnel

    with errors_as_exit_codes():
        if threshold not in THRESHOLDS:
            message = f"{threshold} per cent is not counted. Choose one of {', '.join(map(str, THRESHOLDS))}."
            raise ConfigError(message)
        found = unit_funnel(Line.open(), term, threshold, purpose=purpose, actor=getpass.getuser())
    columns = ("code", "pupils_count", "cases_count", "expected", "share", "place")
    rows = [asdict(point) if as_json else _at_a_glance(asdict(point), columns) for point in found.points]
    title = f"Share at or above {threshold} % in {term}; county {found.target:.3f}, widened {found.overdispersion:.2f}"
    show(rows, title=title, as_json=as_json, columns=columns)
    ERR.print(_NOTE)


def measures(as_json: JsonOption = False) -> None:  # noqa: FBT002
    """Show the register of measures."""
    with errors_as_exit_codes():
        found = _register(Line.open())
    columns = ("measure_id", "title", "level", "start_date", "end_date", "frozen_date", "window_weeks")
    rows = [
        each.model_dump() if as_json else {name: getattr(each, name) for name in columns} for each in found.values()
    ]
    show(rows, title="Measures", as_json=as_json, columns=columns)


def measure(
    measure_id: Annotated[str, typer.Argument(help="Name of the measure, as in measures.yml.")],
    purpose: Purpose,
    as_json: JsonOption = False,  # noqa: FBT002
) -> None:
    """Show what a measure's frozen windows say, beside units without one and the same a year earlier."""
    from narvaro.orchestration.following import measure_follow_up

    with errors_as_exit_codes():
        line = Line.open()
        register = _register(line)
        if measure_id not in register:
            message = f"There is no measure {measure_id}. Known: {', '.join(register) or 'none'} (measures.yml)."
            raise ConfigError(message)
        found = measure_follow_up(line, register[measure_id], purpose=purpose, actor=getpass.getuser())
    rows = [{"window": "measure", **_figures(found.assessment)}]
    if found.placebo is not None:
        rows.append({"window": "a year earlier, without", **_figures(found.placebo)})
    show(rows, title=f"{measure_id}: percentage points of absence", as_json=as_json)


def _register(line: Line) -> Mapping[str, Measure]:
    from narvaro.followup.register import load_measures

    return {each.measure_id: each for each in load_measures(line.settings.config_dir)}


def _figures(assessment: Assessment) -> dict[str, Any]:
    facts = asdict(assessment)
    return {
        name: round(value, 3) if isinstance(value, float) else ", ".join(value) if name == "reasons" else value
        for name, value in facts.items()
    }


def _at_a_glance(point: dict[str, Any], columns: tuple[str, ...]) -> dict[str, Any]:
    return {name: round(point[name], 3) if isinstance(point[name], float) else point[name] for name in columns}


def _edge(limits: object, name: str) -> float | None:
    return None if limits is None else round(getattr(limits, name), 3)
