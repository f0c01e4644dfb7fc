"""Addresses and secrets of other systems, in the form that Airflow keeps them.

A connection is looked for where Airflow would look, without importing Airflow:
first the variable `AIRFLOW_CONN_<CONN_ID>` (a URI or a JSON object), then the file
`NARVARO_CONNECTIONS_PATH` (a JSON object of conn_id to connection, the same file that
Airflow's local filesystem secrets backend reads).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from narvaro.errors import SettingsError

_URI_HOST = re.compile(r"(\[[^]]*\]|[^:]*)(?::([0-9]+))?")


@dataclass(frozen=True, slots=True)
class Connection:
    """One system's address and credentials; its `repr` never shows a secret.

    `host` is a whole base URL for HTTP systems, a bare host name for SMTP.
    """

    conn_id: str
    host: str
    login: str = ""
    password: str = field(default="", repr=False)
    port: int | None = None
    schema: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)


def conn_id_from_name(name: str) -> str:
    """Give the Airflow conn_id of a named system, `narvaro_0180_stockholm` for `0180-stockholm`."""
    return "narvaro_" + name.replace("-", "_")


def find_connection(conn_id: str, path: Path, env: Mapping[str, str] = os.environ) -> Connection:
    """Find a connection in the environment, then in the connections file.

    Raises:
        SettingsError: there is none, or it cannot be read.
    """
    variable = f"AIRFLOW_CONN_{conn_id.upper()}"
    if value := env.get(variable):
        return connection_from_text(conn_id, value, origin=variable)
    if path.is_file():
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))
        except json.JSONDecodeError as error:
            message = f"{path}: not valid JSON (line {error.lineno}). Mend the file or remove it."
            raise SettingsError(message) from None
        if conn_id in entries:
            entry = entries[conn_id]
            if isinstance(entry, str):
                return connection_from_text(conn_id, entry, origin=str(path))
            return _connection_from_entry(conn_id, entry, origin=str(path))
    message = (
        f"No connection {conn_id}: wanted the variable {variable} (URI or JSON) or an entry in {path}. "
        "See docs/onboarding.md."
    )
    raise SettingsError(message)


def connection_from_text(conn_id: str, text: str, *, origin: str) -> Connection:
    """Read a connection from its JSON or URI text; `origin` names it in errors."""
    if text.lstrip().startswith("{"):
        try:
            return _connection_from_entry(conn_id, json.loads(text), origin=origin)
        except json.JSONDecodeError:
            # The text holds a secret: neither it nor the decoder's excerpt may reach a log.
            message = f"{origin}: not valid JSON. Write a JSON object or a URI."
            raise SettingsError(message) from None
    try:
        return _connection_from_uri(conn_id, text)
    except ValueError:
        # What the parsers say shows pieces of the text.
        message = f"{origin}: neither a JSON object nor a URI with a host. See docs/onboarding.md."
        raise SettingsError(message) from None


def _connection_from_uri(conn_id: str, text: str) -> Connection:
    """Read a connection from the URI that Airflow writes of it: `type://[protocol://]user:secret@host/schema?extra`."""
    kind, _, rest = text.partition("://")
    protocol, separator, after = rest.partition("://")
    if separator and protocol.isalnum():
        rest = after
    else:
        protocol = ""
    parts = urlsplit(f"{kind}://{rest}")
    # Python writes `hostname` small, and here it may hold a whole address with its path.
    place = _URI_HOST.fullmatch(parts.netloc.rpartition("@")[2])
    if not kind or place is None or not place[1]:
        raise ValueError
    extra = dict(parse_qsl(parts.query))
    return Connection(
        conn_id=conn_id,
        host=(f"{protocol}://" if protocol else "") + unquote(place[1]),
        login=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        port=int(place[2]) if place[2] else None,
        schema=unquote(parts.path.lstrip("/")),
        extra=filled_in(extra.get("__extra__", extra)),
    )


def _connection_from_entry(conn_id: str, entry: Mapping[str, Any], *, origin: str) -> Connection:
    """Read a connection from its JSON object."""
    # A connection that only keeps a secret has no host.
    if not entry.get("host") and entry.get("conn_type") != "generic":
        message = f'{origin}: the connection {conn_id} names no host. Add "host".'
        raise SettingsError(message)
    try:
        port, extra = int(entry.get("port") or 0), filled_in(entry.get("extra") or {})
    except (ValueError, TypeError):
        message = f"{origin}: the port or extra of {conn_id} is wrong. Wanted a number, and a JSON object."
        raise SettingsError(message) from None
    return Connection(
        conn_id=conn_id,
        host=str(entry.get("host") or ""),
        login=str(entry.get("login") or ""),
        password=str(entry.get("password") or ""),
        port=port or None,
        schema=str(entry.get("schema") or ""),
        extra=extra,
    )


def filled_in(extra: object) -> dict[str, Any]:
    """Give an extra's values; Airflow's web form also keeps the fields that nobody has filled in.

    Raises:
        ValueError: it is no object, nor the text of one.
    """
    found = json.loads(extra) if isinstance(extra, str) else extra
    if not isinstance(found, Mapping):
        raise ValueError  # noqa: TRY004 - as the decoder's own refusal, to the caller
    return {name: value for name, value in found.items() if value not in (None, "")}
