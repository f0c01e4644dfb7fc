"""Serving the pages: their own small server, with nothing of an address in its log."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import uvicorn

from narvaro.alerts.links import COUNTY
from narvaro.errors import SettingsError
from narvaro.orchestration.web_links import links_of_server
from narvaro.web.app import web_app
from narvaro.web.oidc import SignIn
from narvaro.web.site import Site

if TYPE_CHECKING:
    from narvaro.orchestration.line import Line

OIDC_CONN_ID = "narvaro_oidc"


def open_site(line: Line) -> Site:
    """Give the pages' ground: the installation, its links, and its OpenID provider where one is configured.

    Raises:
        SettingsError: the provider's connection is wrong.
        PrivacyError, AlertError: the links' secret is unsafe or too short.
    """
    links = links_of_server(line, f"http://localhost:{line.settings.web_port}")
    try:
        connection = line.find_connection(OIDC_CONN_ID)
    except SettingsError:
        return Site(line, links)
    return Site(line, links, sign_in=SignIn.from_connection(connection, {**line.county.owners, COUNTY: None}))


def serve_web(line: Line, *, host: str, port: int) -> None:
    """Serve the pages until the process is told to stop.

    Raises:
        SettingsError: the port is taken or may not be used, or a connection is wrong.
    """
    app = web_app(open_site(line))
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            message = f"The web pages cannot be served at port {port}: {error.strerror}. Set NARVARO_WEB_PORT."
            raise SettingsError(message) from None
        # A link's token stands in its address: no line of the log may hold one.
        config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
        uvicorn.Server(config).run(sockets=[listener])
