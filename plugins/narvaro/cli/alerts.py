"""Commands on letters: see them before they go, send what waits, look into the outbox."""

from __future__ import annotations

import json
from datetime import datetime
from email import message_from_string, policy
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from narvaro.cli.screen import ERR, OUT, errors_as_exit_codes, show
from narvaro.county import ENGINEER, OWNER_ROLES, Language, Role
from narvaro.errors import SettingsError
from narvaro.orchestration.line import Line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

    from narvaro.alerts import Letter

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
_COLUMNS = ("key", "night", "channel", "status", "attempts", "queued_at", "next_attempt_at", "failed_reason")


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    alerts = typer.Typer(help="Letters and notices about faults in the data.", no_args_is_help=True)
    alerts.command()(preview)
    alerts.command()(send)
    alerts.command()(outbox)
    alerts.command()(recipients)
    app.add_typer(alerts, name="alerts")


def preview(  # noqa: PLR0913, PLR0917 - a command line
    municipality: Annotated[str, typer.Argument(help="Code or name of a municipality, or number of a school owner.")],
    role: Annotated[Role | None, typer.Option(help="Only the faults that are this role's to mend.")] = None,
    language: Annotated[Language | None, typer.Option(help="In this language, whatever the recipient's.")] = None,
    form: Annotated[Literal["text", "html"], typer.Option("--format", help="How the letter is shown.")] = "text",
    output: Annotated[Path | None, typer.Option(help="Folder to write the letters into.")] = None,
    date_: Annotated[
        datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="The night; its newest by default.")
    ] = None,
) -> None:
    """Show what would be sent now; nothing is queued, marked or sent."""
    from narvaro.orchestration.preview import owner_named, preview_letters

    with errors_as_exit_codes():
        line = Line.open()
        owner = owner_named(line.county, municipality)
        night = date_.date() if date_ else None
        found = preview_letters(line, owner, night=night, role=role, language=language)
        if not found:
            ERR.print(f"{owner.name}: nothing to tell.", highlight=False)
        for each in found:
            if not each.is_due:
                ERR.print(f"{each.letter.recipient}: no news, or a quiet day; this would not be sent.", highlight=False)
            _show_letter(each.letter, form, output)


def send(
    again: Annotated[
        str | None, typer.Option(help="Key of a letter that bounced or was given up, to be sent again.")
    ] = None,
) -> None:
    """Send what waits in the outbox and is due."""
    from narvaro.orchestration.letters import send_waiting

    with errors_as_exit_codes():
        line = Line.open()
        if again is not None:
            line.ledger.requeue_letter(again)
        OUT.print(f"{send_waiting(line)} letters sent")


def outbox(
    all_: Annotated[bool, typer.Option("--all", help="Sent ones too.")] = False,  # noqa: FBT002
    as_json: JsonOption = False,  # noqa: FBT002
) -> None:
    """Show which letters wait, until when and why, and which are not tried again."""
    with errors_as_exit_codes():
        letters = Line.open().ledger.letters()
    columns = (*_COLUMNS, "recipient", "role", "language", "subject", "sent_at") if as_json else _COLUMNS
    rows = [{name: getattr(letter, name) for name in columns} for letter in letters if all_ or letter.status != "sent"]
    show(rows, title="Outbox", as_json=as_json, columns=columns)


def recipients(as_json: JsonOption = False) -> None:  # noqa: FBT002
    """Show who is told of whose faults, and check that the school units exist."""
    from narvaro.orchestration.known_units import require_known_units

    columns = ("owner_id", "owner", "role", "school_units", "address", "language")
    with errors_as_exit_codes():
        line = Line.open()
        require_known_units(line)
        rows = list(_recipients(line))
    show(rows, title="Recipients", as_json=as_json, columns=columns)


def _recipients(line: Line) -> Iterator[dict[str, Any]]:
    """Give a row per owner, role and address; the role engineer has no owner."""
    for owner_id, owner in line.county.owners.items():
        for role in OWNER_ROLES:
            told = line.county.recipients_for(owner_id, role)
            units = [one for one in line.county.recipients if one.owner == owner_id and role in one.roles]
            for one in [*told, *(unit for unit in units if unit.school_units)]:
                where = {"owner_id": owner_id, "owner": owner.name, "role": role, "school_units": one.school_units}
                yield where | {"address": one.email or one.conn_id, "language": one.language}
    for one in line.county.engineers:
        where = {"owner_id": "", "owner": line.county.name(), "role": ENGINEER, "school_units": ()}
        yield where | {"address": one.email or one.conn_id, "language": one.language}


def _show_letter(letter: Letter, form: str, output: Path | None) -> None:
    """Print a letter, or write it and its attachment into a folder."""
    parts = dict(_parts(letter, form))
    if output is None:
        name = next(iter(parts))
        OUT.out(f"To: {letter.recipient}\nSubject: {letter.subject}\n", highlight=False)
        OUT.out(parts[name].replace("\r\n", "\n"), highlight=False)
        return
    try:
        output.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, text in parts.items():
            (output / name).touch(mode=0o600)
            (output / name).write_text(text, encoding="utf-8", newline="")
            ERR.print(str(output / name), highlight=False)
    except OSError as error:
        message = f"{output}: letters cannot be written here ({error.strerror}). Choose another folder."
        raise SettingsError(message) from None


def _parts(letter: Letter, form: str) -> Iterator[tuple[str, str]]:
    """Give the file names and texts of a letter: its body in one form, and its attachments."""
    stem = f"{letter.night}-{letter.recipient}"
    if letter.channel != "email":
        yield f"{stem}.json", json.dumps(json.loads(letter.message), ensure_ascii=False, indent=2) + "\n"
        return
    message: EmailMessage = message_from_string(letter.message, policy=policy.default)
    body = message.get_body(("html",) if form == "html" else ("plain",))
    if body is not None:
        yield f"{stem}.{'html' if form == 'html' else 'txt'}", str(body.get_content())
    for part in message.iter_attachments():
        yield f"{stem}-{part.get_filename()}", str(part.get_content())
