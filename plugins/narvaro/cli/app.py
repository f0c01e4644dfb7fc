"""The commands' tree; each group lives in its own module."""

from __future__ import annotations

import typer

from narvaro.cli import (
    alerts,
    deciding,
    followup,
    issues,
    night,
    privacy,
    privacy_extract,
    privacy_keys,
    probing,
    quality,
    reading,
    serving,
    web,
)

app = typer.Typer(
    name="narvaro",
    help="School absence of a county: from municipal systems to published figures.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # a local may hold a secret or a civic number
    rich_markup_mode="rich",
)
night.add_to(app)
reading.add_to(app)
issues.add_to(app)
probing.add_to(app)
quality.add_to(app)
deciding.add_to(app)
alerts.add_to(app)
serving.add_to(app)
privacy.add_to(app)
privacy_keys.add_to(app)
privacy_extract.add_to(app)
web.add_to(app)
followup.add_to(app)
