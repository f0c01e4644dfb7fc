"""Commands that do the night's work without a scheduler."""

from __future__ import annotations

import logging
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, date, datetime
from multiprocessing import get_context
from os import cpu_count
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from narvaro.cli.screen import ERR, OUT, errors_as_exit_codes, tell
from narvaro.errors import BusyError, LandingError, NarvaroError
from narvaro.orchestration.deciding import explain_brake
from narvaro.orchestration.line import Line

if TYPE_CHECKING:
    from narvaro.ledger import NightRecord

DateOption = Annotated[
    datetime | None,
    typer.Option("--date", formats=["%Y-%m-%d"], help="The morning whose night is run; today's by default."),
]
PARTIAL_EXIT_CODE = 11


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(night)
    app.command()(land)
    app.command()(build)
    app.command()(publish)
    app.command()(letters)
    app.command()(reread)


def night(
    date_: DateOption = None,
    jobs: Annotated[int, typer.Option(help="Sources read side by side.")] = cpu_count() or 1,
) -> None:
    """Run the whole line: every source, the build, the publication, the letters.

    Exit code 0: all sources accepted. 11: published, but a source is refused, held, silent or not read.
    9: published, but letters wait. Any other: no publication; the last one stands.
    """
    with errors_as_exit_codes():
        line = Line.open()
        chosen = _night(line, date_)
        with line.ledger.lock("night"):
            failures = _land_all(line, chosen, jobs)
            for source, error in sorted(failures.items()):
                ERR.print(f"{source}: {str(error).removeprefix(source).lstrip(': ')}", markup=False, highlight=False)
            held = line.ledger.brakes(status="pending", night=chosen)
            for brake in held:
                advice = "decide with `narvaro deletions approve` or `reject`"
                ERR.print(f"{brake.source}: held; {explain_brake(brake)}; {advice}", markup=False, highlight=False)
            _run_county(line, chosen)
    raise typer.Exit(PARTIAL_EXIT_CODE if failures or held else 0)


def land(
    source: Annotated[str, typer.Argument(help="Name of the source, e.g. 0180-stockholm.")],
    date_: DateOption = None,
) -> None:
    """Land and judge one source's night."""
    from narvaro.orchestration.landing_steps import land_and_judge

    with errors_as_exit_codes():
        line = Line.open()
        record, error = land_and_judge(line, source, _night(line, date_))
        if error is not None:
            raise error
    OUT.print(f"{record.source} {record.night}: {record.status}")


def build(date_: DateOption = None) -> None:
    """Build the warehouse from every source's accepted loads and check its marts."""
    from narvaro.orchestration import county_steps

    with errors_as_exit_codes():
        line = Line.open()
        OUT.print(county_steps.build(line, _night(line, date_)))
        county_steps.check_marts(line, _night(line, date_))


def publish(date_: DateOption = None) -> None:
    """Publish what stands in the warehouse, unless a mart fails a critical expectation."""
    from narvaro.orchestration import county_steps

    with errors_as_exit_codes():
        line = Line.open()
        county_steps.check_marts(line, _night(line, date_))
        OUT.print(county_steps.publish(line, _night(line, date_)))


def letters(date_: DateOption = None) -> None:
    """Send the letters of the night that have not been sent."""
    from narvaro.orchestration import county_steps

    with errors_as_exit_codes():
        line = Line.open()
        sent = county_steps.send_letters(line, _night(line, date_))
    OUT.print(f"{sent} letters sent")


def reread(source: Annotated[str, typer.Argument(help="Name of the source, e.g. 0180-stockholm.")]) -> None:
    """Forget a source's cursors, so that its next night reads the whole school year anew."""
    with errors_as_exit_codes():
        line = Line.open()
        line.ledger.reset_cursors(line.county.source(source).name)
    OUT.print(f"{source}: the next night reads everything anew")


def _night(line: Line, chosen: datetime | None) -> date:
    """Give the chosen night, or the newest whose upper bound has passed."""
    return chosen.date() if chosen else line.county.night_of(datetime.now(UTC))


def _land_all(line: Line, chosen: date, jobs: int) -> dict[str, NarvaroError]:
    """Land every enabled source, some side by side, and give the failures by source."""
    failures: dict[str, NarvaroError] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        Progress(*columns, console=ERR, transient=True) as progress,
        ProcessPoolExecutor(max(1, jobs), mp_context=get_context("spawn")) as pool,
    ):
        sources = [source.name for source in line.county.enabled_sources]
        bar = progress.add_task(f"Night {chosen}", total=len(sources))
        futures = {pool.submit(_land_one, source, chosen): source for source in sources}
        for future in as_completed(futures):
            error = _failure(future)
            if isinstance(error, BusyError):
                raise error
            if error is not None:
                failures[futures[future]] = error
            progress.advance(bar)
    return failures


def _failure(landing: Future[tuple[NightRecord, NarvaroError | None]]) -> NarvaroError | None:
    """Give what a source failed of, None when it did not.

    Raises:
        LandingError: its process was killed, and the others with it.
    """
    try:
        return landing.result()[1]
    except BrokenProcessPool:
        message = "A process that landed a source was killed, perhaps for want of memory. Run again with lower --jobs."
        raise LandingError(message) from None


def _land_one(source: str, chosen: date) -> tuple[NightRecord, NarvaroError | None]:
    """Land one source in a process of its own, with the installation that the environment names."""
    from narvaro.orchestration.landing_steps import land_and_judge

    logging.basicConfig(level=logging.WARNING)
    return land_and_judge(Line.open(), source, chosen)


def _run_county(line: Line, chosen: date) -> None:
    """Build, check, publish and write; the letters go even when the figures cannot."""
    try:
        _make_figures(line, chosen)
    except NarvaroError:
        try:
            _send_letters(line, chosen)
        except NarvaroError as error:
            # The failure of the figures is the one to end with.
            tell(error)
        raise
    _send_letters(line, chosen)


def _make_figures(line: Line, chosen: date) -> None:
    """Build, check and publish."""
    from narvaro.orchestration import county_steps

    OUT.print(county_steps.build(line, chosen))
    county_steps.check_marts(line, chosen)
    OUT.print(county_steps.publish(line, chosen))


def _send_letters(line: Line, chosen: date) -> None:
    """Write and send the letters of the night."""
    from narvaro.orchestration import county_steps

    OUT.print(f"{county_steps.send_letters(line, chosen)} letters sent")
