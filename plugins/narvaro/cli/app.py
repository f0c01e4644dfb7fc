"""The commands' tree; each group lives in its own module."""

from __future__ import annotations

import typer

from narvaro.cli import night, reading, serving

app = typer.Typer(
    name="narvaro",
    help="School absence of a county: from municipal systems to published figures.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # a local may hold a secret or a civic number
    rich_markup_mode="rich",
)
night.add_to(app)
reading.add_to(app)
serving.add_to(app)
