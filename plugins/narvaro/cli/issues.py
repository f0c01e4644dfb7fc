"""Commands about issues: what is wrong in whose data, its life, and a school office's answers."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from narvaro.cli.reading import JsonOption
from narvaro.cli.screen import OUT, errors_as_exit_codes, show
from narvaro.orchestration.line import Line

if TYPE_CHECKING:
    from datetime import date

    from narvaro.ledger import IssueRecord

SourceOption = Annotated[str | None, typer.Option(help="Only this source's.")]
AllOption = Annotated[bool, typer.Option("--all", help="Resolved ones too.")]
FingerprintArgument = Annotated[
    str,
    typer.Argument(help="The issue: SOURCE/UNIT/RULE, with - for UNIT when the issue is the whole source's."),
]
ByOption = Annotated[str | None, typer.Option(help="Who answers; you by default.")]
UntilOption = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day on which the answer holds.")]

_COLUMNS = ("source", "school_unit_code", "rule", "severity", "count", "opened_night", "owner", "standing")
_HISTORY = ("night", "event", "count", "by", "until", "reason")


def add_to(app: typer.Typer) -> None:
    """Add the commands; without one of them, `narvaro issues` lists."""
    commands = typer.Typer(
        help="What is wrong in whose data, since when; and what the school office says of it.",
        invoke_without_command=True,
        callback=issues,
    )
    commands.command("list")(list_)
    commands.command("show")(show_)
    commands.command()(acknowledge)
    commands.command()(verify)
    commands.command()(withdraw)
    app.add_typer(commands, name="issues")


def issues(
    context: typer.Context,
    source: SourceOption = None,
    all_: AllOption = False,  # noqa: FBT002 - a command line flag
    as_json: JsonOption = False,  # noqa: FBT002
) -> None:
    """Show what is wrong in whose data, since when; and keep what the school office says of it."""
    if context.invoked_subcommand is None:
        list_(source, all_, as_json)


def list_(
    source: SourceOption = None,
    all_: AllOption = False,  # noqa: FBT002
    as_json: JsonOption = False,  # noqa: FBT002
) -> None:
    """Show what is wrong in whose data, since when, and how it stands."""
    with errors_as_exit_codes():
        line = Line.open()
        today = _today(line)
        ledger = line.ledger
        found = ledger.issues(source, today=today) if all_ else ledger.open_issues(source, today=today)
    rows = [_told(issue, today) for issue in found]
    if not as_json:
        rows = [{name: row[name] for name in _COLUMNS} for row in rows]
    show(rows, title="Issues", as_json=as_json, columns=_COLUMNS)


def show_(fingerprint: FingerprintArgument, as_json: JsonOption = False) -> None:  # noqa: FBT002
    """Show one issue, and its life night by night."""
    with errors_as_exit_codes():
        line = Line.open()
        today = _today(line)
        issue = _told(line.ledger.issue(fingerprint, today=today), today)
        history = [asdict(step) for step in line.ledger.issue_history(fingerprint)]
    if as_json:
        show([issue | {"history": history}], title=fingerprint, as_json=True)
        return
    facts = [{"what": name, "is": issue[name]} for name in (*_COLUMNS, "door", "nights_seen", "record_ids", "note_en")]
    show([fact for fact in facts if fact["is"] not in (None, "", ())], title=fingerprint, as_json=False)
    rows = [{name: step[name] for name in _HISTORY} for step in history]
    show(rows, title="History", as_json=False, columns=_HISTORY)


def acknowledge(
    fingerprint: FingerprintArgument,
    reason: Annotated[str, typer.Option(help="What is being done; kept in the ledger.")] = "",
    until: UntilOption = None,
    by: ByOption = None,
) -> None:
    """Say that the issue is being mended: no reminders, for two weeks unless --until says otherwise."""
    _answer(fingerprint, "acknowledged", reason=reason, until=until, by=by)


def verify(
    fingerprint: FingerprintArgument,
    reason: Annotated[str, typer.Option(help="Why the data are right; kept in the ledger.")],
    until: UntilOption = None,
    by: ByOption = None,
) -> None:
    """Say that the data are right: no letters about it, for 90 days unless --until says otherwise."""
    _answer(fingerprint, "verified", reason=reason, until=until, by=by)


def withdraw(
    fingerprint: FingerprintArgument,
    reason: Annotated[str, typer.Option(help="Why; kept in the ledger.")] = "",
    by: ByOption = None,
) -> None:
    """Take the answer that is in force back: the issue is open again."""
    _answer(fingerprint, "withdrawn", reason=reason, until=None, by=by)


def _answer(fingerprint: str, kind: str, *, reason: str, until: datetime | None, by: str | None) -> None:
    """Keep an answer and say until when it holds."""
    with errors_as_exit_codes():
        line = Line.open()
        day = until.date() if until else None
        # A day is the county's, not the computer's.
        now = datetime.now(UTC).astimezone(line.county.timezone)
        answered_by = by or getpass.getuser()
        answer = line.ledger.answer_issue(fingerprint, kind, by=answered_by, reason=reason, until=day, at=now)
    OUT.print(f"{fingerprint}: {answer.kind}" + (f" until {answer.until}" if answer.until else ""), markup=False)


def _today(line: Line) -> date:
    """Give today's date in the county."""
    return datetime.now(UTC).astimezone(line.county.timezone).date()


def _told(issue: IssueRecord, today: date) -> dict[str, Any]:
    """Give an issue as it is shown, with how it stands."""
    return asdict(issue) | {"standing": issue.standing(today), "flapping": issue.flapping}
