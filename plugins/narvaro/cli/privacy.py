"""Commands by which pupils' rows are taken away on purpose, and by which it is shown who has read them."""

from __future__ import annotations

import getpass
from collections import defaultdict
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from narvaro.cli.screen import ERR, OUT, errors_as_exit_codes, show
from narvaro.errors import PrivacyError
from narvaro.orchestration.line import Line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from narvaro.ledger import RemovalRecord, RemovalRun
    from narvaro.orchestration.erasure import FoundPupil

_PSEUDONYM_DIGITS = 32
_RECEIPT = ("run_id", "kind", "status", "begun_at", "class_name", "source", "entity", "rows", "files")
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def add_to(app: typer.Typer) -> None:
    """Add the group of commands."""
    privacy = typer.Typer(help="Pseudonym key, erasure, retention and the access log.", no_args_is_help=True)
    for command in (erase, readmit, retain, receipts, verify, accesses):
        privacy.command()(command)
    app.add_typer(privacy, name="privacy")


def erase(
    pseudonym: Annotated[str | None, typer.Option(help="The pupil's pseudonym; asked for when absent.")] = None,
    reason: Annotated[str, typer.Option(help="Why; kept in the ledger. Name nobody.")] = "erasure",
    resume: Annotated[bool, typer.Option("--resume", help="End the erasures that were interrupted.")] = False,  # noqa: FBT002
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,  # noqa: FBT002
) -> None:
    """Erase one pupil from every store, by pseudonym or by a civic number typed without echo.

    From then on the pupil is refused at the door; published figures stand.
    """
    from narvaro.orchestration import erasure

    with errors_as_exit_codes():
        line = Line.open()
        if resume:
            ended = erasure.resume_erasures(line)
            OUT.print(f"{len(ended)} erasures ended")
            return
        pupil = erasure.find_pupil(line, pseudonyms_meant(line, pseudonym))
        explain_pupil(pupil)
        if not yes and not typer.confirm("Erase this pupil? This cannot be undone"):
            raise typer.Exit(1)
        done = erasure.erase(line, pupil, by=getpass.getuser(), reason=reason)
    OUT.print(f"Erased: {done.rows} rows, and nothing of the pupil was found afterwards. Receipt {done.run_id}")


def readmit(
    receipt: Annotated[str, typer.Argument(help="The erasure's receipt; see `narvaro privacy receipts`.")],
) -> None:
    """Let an erased pupil in again: its sources' next whole read brings it back."""
    with errors_as_exit_codes():
        Line.open().ledger.lift_erasure(receipt)
    OUT.print(f"{receipt}: let in again, from the next whole read on. To have one now: narvaro reread SOURCE")


def retain(
    date_: Annotated[
        datetime | None,
        typer.Option("--date", formats=["%Y-%m-%d"], help="The day whose school year is the current one; today's."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would go.")] = False,  # noqa: FBT002
    as_json: JsonOption = False,  # noqa: FBT002 - a flag
) -> None:
    """Remove what is older than the county keeps, from every store; sums of old school years stay."""
    from narvaro.orchestration import retention

    with errors_as_exit_codes():
        line = Line.open()
        today = date_.date() if date_ else line.county.night_of(datetime.now(UTC))
        if dry_run:
            columns = ("class_name", "source", "entity", "rows", "kept_from")
            rows = [asdict(found) for found in retention.expired(line, today)]
            show(rows, title="Older than is kept", as_json=as_json, columns=columns)
            return
        run = retention.enforce_retention(line, today, by=getpass.getuser())
        steps = line.ledger.removals(run.run_id)
    show(_receipt(run, steps), title=f"Receipt {run.run_id}", as_json=as_json, columns=_RECEIPT)


def receipts(as_json: JsonOption = False) -> None:  # noqa: FBT002 - a flag
    """Show what retention and erasure removed: what, how many rows, which files."""
    with errors_as_exit_codes():
        ledger = Line.open().ledger
        rows = [row for run in ledger.removal_runs() for row in _receipt(run, ledger.removals(run.run_id))]
    show(rows, title="Removed on purpose", as_json=as_json, columns=_RECEIPT)


def verify(
    head: Annotated[str | None, typer.Option(help="A last hash noted earlier: is it still in the log?")] = None,
) -> None:
    """Verify the access log: that no row was put in, changed or taken out."""
    with errors_as_exit_codes():
        found = Line.open().ledger.verify_accesses()
        if found.broken_at is not None:
            message = (
                f"The access log does not hold from row {found.broken_at} on ({found.accesses} rows). Somebody has "
                "changed it: keep a copy of the ledger and tell the data protection officer."
            )
            raise PrivacyError(message)
        if head is not None and head not in found.hashes:
            message = (
                f"The access log holds, and {head[:16]}… is not in it: it was written anew. Keep a copy of the ledger."
            )
            raise PrivacyError(message)
    OUT.print(f"The access log holds: {found.accesses} rows, last hash {found.head}")


def accesses(as_json: JsonOption = False) -> None:  # noqa: FBT002 - a flag
    """Show who read which grain of the restricted marts, when and why, newest first."""
    with errors_as_exit_codes():
        found = Line.open().ledger.accesses()
    columns = ("accessed_at", "actor", "grain", "purpose", "rows", "statement")
    rows = [{name: getattr(access, name) for name in columns} for access in found]
    show(rows, title="Readings of restricted data", as_json=as_json, columns=columns)


def pseudonyms_meant(line: Line, given: str | None) -> list[str]:
    """Give the pseudonyms that are meant: the given one, or those of a number typed without echo."""
    from narvaro.orchestration.erasure import pseudonyms_of

    if given is None:
        # Never an argument: those stand in the shell's history and in the list of processes.
        typed = typer.prompt("Civic number (not shown)", hide_input=True)
        return pseudonyms_of(line, typed)
    text = given.strip().lower()
    if len(text) != _PSEUDONYM_DIGITS or set(text) - set("0123456789abcdef"):
        message = "Not a pseudonym: wanted 32 hexadecimal digits. Leave it out to type a civic number."
        raise PrivacyError(message)
    return [text]


def explain_pupil(pupil: FoundPupil) -> None:
    """Say what was found, by pseudonyms alone."""
    OUT.print(f"Pupil {pupil.pupil_id}: {len(pupil.people)} records in {', '.join(pupil.sources) or 'no source'}")
    for other in sorted(pupil.later):
        ERR.print(
            f"A record that had this number stands for {other} now, and is left. The same human being? Erase it too."
        )
    for other in sorted(pupil.earlier):
        ERR.print(f"Its record had another number before: {other}. If other records still have that one, erase it too.")


def _receipt(run: RemovalRun, steps: Sequence[RemovalRecord]) -> list[dict[str, Any]]:
    """Give a run's steps summed by class, source and entity."""
    about = asdict(run)
    about.pop("sealed")
    sums: dict[tuple[str, str, str], dict[str, Any]] = defaultdict(lambda: {"rows": 0, "files": []})
    for step in steps:
        one = sums[step.class_name, step.source, step.entity]
        one["rows"] += step.rows
        one["files"] += [f"{step.load_id}/{name}" for name in step.files]
    return [
        about | {"class_name": class_name, "source": source, "entity": entity} | one
        for (class_name, source, entity), one in sums.items()
    ] or [about | {"class_name": "", "source": "", "entity": "", "rows": 0, "files": []}]
