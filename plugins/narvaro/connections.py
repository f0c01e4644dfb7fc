"""Addresses and secrets of other systems, in the form that Airflow keeps them.

A connection is looked for where Airflow would look, without importing Airflow:
first the variable `AIRFLOW_CONN_<CONN_ID>` (a URI or a JSON object), then the file
`NARVARO_CONNECTIONS_PATH` (a JSON object of conn_id to connection, the same file that
Airflow's local filesystem secrets backend reads).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from narvaro.errors import SettingsError


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
    parts = urlsplit(text)
    if not parts.scheme or not parts.hostname:
        message = f"{origin}: neither a JSON object nor a URI with a host. See docs/onboarding.md."
        raise SettingsError(message)
    extra = dict(parse_qsl(parts.query))
    if "__extra__" in extra:
        extra = json.loads(extra["__extra__"])
    return Connection(
        conn_id=conn_id,
        host=unquote(parts.hostname),
        login=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        port=parts.port,
        schema=unquote(parts.path.lstrip("/")),
        extra=extra,
    )


def _connection_from_entry(conn_id: str, entry: Mapping[str, Any], *, origin: str) -> Connection:
    """Read a connection from its JSON object."""
    if not entry.get("host"):
        message = f'{origin}: the connection {conn_id} names no host. Add "host".'
        raise SettingsError(message)
    extra = entry.get("extra") or {}
    return Connection(
        conn_id=conn_id,
        host=str(entry["host"]),
        login=str(entry.get("login") or ""),
        password=str(entry.get("password") or ""),
        port=int(entry["port"]) if entry.get("port") else None,
        schema=str(entry.get("schema") or ""),
        extra=json.loads(extra) if isinstance(extra, str) else extra,
    )
