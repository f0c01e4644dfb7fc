"""The command that answers an access request: a file of what every store holds about one pupil."""

from __future__ import annotations

import csv
import getpass
import io
import json
import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from narvaro.cli.privacy import explain_pupil, pseudonyms_meant
from narvaro.cli.screen import OUT, errors_as_exit_codes
from narvaro.errors import PrivacyError
from narvaro.orchestration.line import Line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from narvaro.orchestration.access_request import HeldRows

_COLUMNS = ("store", "source", "name", "row", "field", "value", "purpose", "category", "kept")


def add_to(app: typer.Typer) -> None:
    """Add the command to its group."""
    group = next(each.typer_instance for each in app.registered_groups if each.name == "privacy")
    if group is not None:
        group.command()(extract)


def extract(
    purpose: Annotated[str, typer.Option(help="Whose request it is, by its number; kept in the access log.")],
    out: Annotated[Path, typer.Option(help="The file to write; it must not be there yet.")],
    pseudonym: Annotated[str | None, typer.Option(help="The pupil's pseudonym; asked for when absent.")] = None,
    form: Annotated[
        Literal["json", "csv"], typer.Option("--format", help="json, or csv with a line per value.")
    ] = "json",
    protected: Annotated[bool, typer.Option("--protected", help="Tell it of a pupil with protected identity.")] = False,  # noqa: FBT002
) -> None:
    """Answer an access request: write what every store holds about one pupil, and why, to a file of mode 600.

    The pupil is named by pseudonym, or by a civic number typed without echo.
    """
    from narvaro.orchestration import access_request, erasure

    with errors_as_exit_codes():
        line = Line.open()
        pupil = erasure.find_pupil(line, pseudonyms_meant(line, pseudonym))
        explain_pupil(pupil)
        held = access_request.extract(line, pupil, purpose=purpose, actor=getpass.getuser(), with_protected=protected)
        _write(out, _as_json(pupil.pupil_id, held) if form == "json" else _as_csv(held))
    OUT.print(f"{sum(len(part.rows) for part in held)} rows of {len(held)} tables: {out}")


def _as_json(pupil_id: str, held: Sequence[HeldRows]) -> str:
    """Give everything as one JSON object."""
    content: dict[str, Any] = {"made_at": datetime.now(UTC), "pupil": pupil_id, "held": [_plain(part) for part in held]}
    return json.dumps(content, ensure_ascii=False, indent=2, default=str)


def _plain(part: HeldRows) -> dict[str, Any]:
    """Give one table's rows with its fields explained."""
    fields = {name: {"purpose": why, "category": kind} for name, (why, kind) in part.fields.items()}
    return asdict(part) | {"fields": fields}


def _as_csv(held: Sequence[HeldRows]) -> str:
    """Give a line per value."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for part in held:
        for number, row in enumerate(part.rows, 1):
            for name, value in row.items():
                about = (part.store, part.source, part.name, number)
                writer.writerow([*about, name, value, *part.fields[name], part.kept])
    return text.getvalue()


def _write(path: Path, text: str) -> None:
    """Write a new file for its owner alone."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        message = f"{path}: cannot be written ({error.strerror}). Name a file that is not there yet, with --out."
        raise PrivacyError(message) from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
