"""What a person sees: tables, JSON on request, and errors that say what to do."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from narvaro.errors import NarvaroError

# In a pipe or a file there is no edge to fold at, and a folded name cannot be searched for.
OUT = Console(width=None if sys.stdout.isatty() else 250)
# A message is one line, wherever it is read; a terminal folds it by itself.
ERR = Console(stderr=True, soft_wrap=True)
# A table is for a glance; --json holds everything.
_WIDEST = 60


def show(rows: Sequence[Mapping[str, Any]], *, title: str, as_json: bool, columns: Sequence[str] = ()) -> None:
    """Print rows as a table, or as one JSON array; `columns` names them when there may be no row."""
    if as_json:
        plain = [_plain(row) for row in rows]
        sys.stdout.write(json.dumps(plain, default=_as_text, ensure_ascii=False, indent=2, allow_nan=False) + "\n")
        return
    table = Table(title=title, title_justify="left")
    names = list(rows[0]) if rows else list(columns)
    for position, name in enumerate(names):
        table.add_column(Text(name), overflow="fold", no_wrap=position == 0)
    for row in rows:
        # As Text, for what stands in brackets in somebody's data is no markup.
        table.add_row(*(Text(_at_a_glance(row[name])) for name in names))
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


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a query gives
    """Give a value that JSON has a form for: a number that is none is null, a key is a text."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {_as_text(key): _plain(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(member) for member in value]
    return value


def _at_a_glance(value: object) -> str:
    """Write a value for a table's cell."""
    text = " ".join(_as_text(value).split())
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


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
