"""Commands of the web pages: serve them, and give a link to one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from narvaro.cli.screen import errors_as_exit_codes
from narvaro.cli.serving import HostOption, PortOption
from narvaro.errors import ConfigError
from narvaro.orchestration.line import Line

_LOOPBACK = "127.0.0.1"


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    web_app = typer.Typer(help="The owners' status pages and answers.", no_args_is_help=True)
    web_app.command("serve")(serve)
    web_app.command("link")(link)
    app.add_typer(web_app, name="web")


def serve(host: HostOption = _LOOPBACK, port: PortOption = None) -> None:
    """Serve the status pages, where owners see how their deliveries stand and answer."""
    from narvaro.web.server import serve_web

    with errors_as_exit_codes():
        line = Line.open()
        serve_web(line, host=host, port=port or line.settings.web_port)


def link(
    owner: Annotated[str, typer.Argument(help="Organisation number of the owner, or `county` for all of them.")],
) -> None:
    """Print a link to an owner's status page; whoever holds it sees the page for 30 days."""
    from narvaro.alerts.links import COUNTY
    from narvaro.orchestration.web_links import links_of_server

    with errors_as_exit_codes():
        line = Line.open()
        if owner != COUNTY and owner not in line.county.owners:
            message = (
                f"There is no such owner in {line.county.config_dir / 'owners.yml'}. Give an owner_id, or `county`."
            )
            raise ConfigError(message)
        links = links_of_server(line, f"http://localhost:{line.settings.web_port}")
        typer.echo(links.status_page(owner, now=datetime.now(UTC)))
