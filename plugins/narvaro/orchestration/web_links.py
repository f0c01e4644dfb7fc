"""The links to the web pages of this installation: their address, and the secret that seals them."""

from __future__ import annotations

import os
import secrets
import stat
from typing import TYPE_CHECKING

from narvaro.alerts.links import Links
from narvaro.errors import PrivacyError, SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from narvaro.connections import Connection
    from narvaro.orchestration.line import Line

WEB_CONN_ID = "narvaro_web"
SECRET_NAME = "web.secret"  # noqa: S105 - a file's name


def web_links(line: Line) -> Links | None:
    """Give what makes the links of letters, None where no address is configured: letters leave them out.

    Raises:
        PrivacyError: others may read the secret's file, or it cannot be made.
        AlertError: the secret is too short.
    """
    connection = _web_connection(line)
    base_url = (connection.host if connection else "") or line.settings.web_url
    return _links(line, connection, base_url) if base_url else None


def links_of_server(line: Line, default_url: str) -> Links:
    """Give what reads the links, for the server itself; it serves without an address too, for whoever signs in.

    Raises:
        PrivacyError: others may read the secret's file, or it cannot be made.
        AlertError: the secret is too short.
    """
    connection = _web_connection(line)
    return _links(line, connection, (connection.host if connection else "") or line.settings.web_url or default_url)


def _links(line: Line, connection: Connection | None, base_url: str) -> Links:
    # One secret a line, newest first: links that an older one sealed stay good until it is taken out.
    text = connection.password if connection and connection.password else _secret_in_file(secret_path(line))
    return Links(base_url, text.split())


def _web_connection(line: Line) -> Connection | None:
    try:
        return line.find_connection(WEB_CONN_ID)
    except SettingsError:
        return None


def secret_path(line: Line) -> Path:
    """The file that keeps the secret where no connection does."""
    return line.settings.connections_path.with_name(SECRET_NAME)


def _secret_in_file(path: Path) -> str:
    """Read the secret; the first use makes it, readable by its owner only."""
    try:
        if not path.exists():
            _make(path)
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeError) as error:
        message = f"{path}: the secret of the web pages cannot be read or made ({type(error).__name__}). Put it there."
        raise PrivacyError(message) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        message = f"{path}: mode {mode:03o} lets others at the secret of the web pages. Wanted 600: chmod 600 {path}"
        raise PrivacyError(message)
    return text


def _make(path: Path) -> None:
    """Write a new secret beside and link it into place, so that two first uses agree on one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(partial)
    except FileExistsError:
        return
    finally:
        partial.unlink(missing_ok=True)
