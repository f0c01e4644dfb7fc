"""Commands by which a person decides about deletions that are held."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated

import typer

from narvaro.cli.screen import OUT, errors_as_exit_codes, show
from narvaro.errors import LedgerError
from narvaro.orchestration.line import Line

SourceArgument = Annotated[str, typer.Argument(help="Name of the source, e.g. 0180-stockholm.")]
ReasonOption = Annotated[str, typer.Option(help="Why; kept in the ledger.")]
DateOption = Annotated[
    datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="The held night; the newest by default.")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    deletions = typer.Typer(help="Deletions that wait for a person.", no_args_is_help=True)
    deletions.command("list")(list_)
    deletions.command()(approve)
    deletions.command()(reject)
    app.add_typer(deletions, name="deletions")


def list_(
    all_: Annotated[bool, typer.Option("--all", help="Decided ones too.")] = False,  # noqa: FBT002
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,  # noqa: FBT002
) -> None:
    """Show what would vanish from which school unit, and what was decided."""
    with errors_as_exit_codes():
        found = Line.open().ledger.brakes(status=None if all_ else "pending")
    if as_json:
        show([asdict(brake) for brake in found], title="Held deletions", as_json=True)
        return
    columns = (
        "source",
        "night",
        "status",
        "school_unit_code",
        "entity",
        "counted",
        "doomed",
        "rows",
        "told",
        "inferred",
    )
    rows = [
        {"source": brake.source, "night": brake.night, "status": brake.status}
        | {name: unit[name] for name in columns[3:]}
        for brake in found
        for unit in brake.units
    ]
    show(rows, title="Held deletions", as_json=False, columns=columns)


def approve(source: SourceArgument, reason: ReasonOption, date_: DateOption = None) -> None:
    """Let the deletions take effect: the night is accepted, and the next build counts it."""
    _decide(source, date_, approve=True, reason=reason)


def reject(source: SourceArgument, reason: ReasonOption, date_: DateOption = None) -> None:
    """Refuse the night: earlier data stand, and the next night reads the same changes again."""
    _decide(source, date_, approve=False, reason=reason)


def _decide(source: str, date_: datetime | None, *, approve: bool, reason: str) -> None:
    """Decide about the named or the newest held night."""
    with errors_as_exit_codes():
        line = Line.open()
        name = line.county.source(source).name
        night = date_.date() if date_ else _newest(line, name)
        brake = line.ledger.decide_brake(name, night, approve=approve, by=getpass.getuser(), reason=reason)
    OUT.print(f"{brake.source} {brake.night}: {brake.status}")


def _newest(line: Line, source: str) -> date:
    """Give the newest night of a source that waits."""
    waiting = line.ledger.brakes(source, status="pending")
    if not waiting:
        message = f"{source}: nothing waits for a decision. See `narvaro deletions list --all`."
        raise LedgerError(message)
    return waiting[0].night
