"""What a person sees: tables, JSON on request, and errors that say what to do."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from datetime import date, datetime
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table

from narvaro.errors import NarvaroError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

OUT = Console()
ERR = Console(stderr=True)
# A table is for a glance; --json holds everything.
_WIDEST = 60


def show(rows: Sequence[Mapping[str, Any]], *, title: str, as_json: bool, columns: Sequence[str] = ()) -> None:
    """Print rows as a table, or as one JSON array; `columns` names them when there may be no row."""
    if as_json:
        sys.stdout.write(json.dumps(list(rows), default=_as_text, ensure_ascii=False, indent=2) + "\n")
        return
    table = Table(title=title, title_justify="left")
    names = list(rows[0]) if rows else list(columns)
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(shorten(_as_text(row[name]), _WIDEST, placeholder=" …") for name in names))
    OUT.print(table)


@contextmanager
def errors_as_exit_codes() -> Iterator[None]:
    """Print an error raised on purpose in one piece and exit with its code; others keep their traceback."""
    try:
        yield
    except NarvaroError as error:
        tell(error)
        raise typer.Exit(error.exit_code) from None


def tell(error: NarvaroError) -> None:
    """Print an error in one piece."""
    ERR.print(f"[bold red]{type(error).__name__}[/]: ", end="")
    ERR.print(str(error), markup=False, highlight=False)


def _as_text(value: object) -> str:
    """Write a value for people."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return str(value)
