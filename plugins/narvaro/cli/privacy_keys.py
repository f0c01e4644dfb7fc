"""Commands about the pseudonym key."""

from __future__ import annotations

from typing import Annotated

import typer

from narvaro.cli.screen import OUT, errors_as_exit_codes
from narvaro.orchestration.line import Line


def add_to(app: typer.Typer) -> None:
    """Add the commands to the group `narvaro privacy`."""
    privacy = _group(app)
    privacy.command("rotate-key")(rotate_key)
    privacy.command()(key)


def _group(app: typer.Typer) -> typer.Typer:
    """Give the group, made here when no other module has."""
    for group in app.registered_groups:
        if group.name == "privacy" and group.typer_instance is not None:
            return group.typer_instance
    made = typer.Typer(help="The pseudonym key.", no_args_is_help=True)
    app.add_typer(made, name="privacy")
    return made


def rotate_key(
    resume: Annotated[bool, typer.Option("--resume", help="Finish an interrupted rotation; never begin one.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Put a new secret upon the pseudonym key and key every landed row anew, without asking any source.

    A run that is killed is finished by the next; until then no other command reads or writes pupils' rows.
    """
    from narvaro.orchestration import key_rotation

    with errors_as_exit_codes():
        done = key_rotation.rotate_key(Line.open(during_switch=True), only_resume=resume)
    if done.staged is not None:
        OUT.print(f"Keyed anew: {done.staged.rows} rows of {done.staged.loads} loads")
    OUT.print(f"Key in force: {done.key_id}")
    if done.built:
        OUT.print(done.built)


def key() -> None:
    """Show the public name of the pseudonym key that the landed rows are keyed by, and whether it is at hand."""
    from narvaro.orchestration.pseudonym_key import given_key, key_in_force

    with errors_as_exit_codes():
        line = Line.open()
        in_force, given = key_in_force(line), given_key(line)
    OUT.print(f"Key in force: {in_force.key_id}")
    if given.key_ids != in_force.key_ids:
        OUT.print("A newer secret is at hand: narvaro privacy rotate-key --resume puts it upon the landed rows.")
