"""What Airflow is told of us as a provider: the connection type `SS 12000` and its form."""

from __future__ import annotations

from typing import Any

CONN_TYPE = "ss12000"
CONN_NAME = "SS 12000"

_TEXT: list[str] = ["string", "null"]


def _field(label: str, description: str, **schema: object) -> dict[str, Any]:
    """Give one field of the form; what is filled in is kept in the connection's extra."""
    return {"label": label, "description": description, "schema": {"type": _TEXT} | schema}


# The names are the keys of `extra` that the connector reads.
FIELDS: dict[str, dict[str, Any]] = {
    "token_url": _field(
        "Token address",
        "Where client id and secret are exchanged for a token. Empty: the secret is itself the bearer token.",
    ),
    "scope": _field("Scope", "Scopes to ask for, with a space between them, where the vendor wants them."),
    "api_key_header": _field(
        "Header of the key", "Name of the header that carries the secret, where the vendor wants no bearer token."
    ),
    "ca_file": _field("CA file", "Path on the workers of the certificates that the server is checked against."),
    "client_cert": _field("Client certificate", "Path on the workers of the certificate that we show (PEM)."),
    "client_key": _field("Client key", "Path on the workers of its key, when the certificate's file lacks it (PEM)."),
    "client_key_password": _field("Password of the client key", "When the key's file is sealed.", format="password"),
    "proxy": _field("Proxy", "Address of the proxy to go through, such as http://proxy.example:3128."),
    "requests_per_second": _field(
        "Requests a second",
        "Most requests a second to this host; 0 for no limit. Empty: as the county's configuration says.",
        type=["number", "null"],
        minimum=0,
    ),
    "resend_filters": _field(
        "Filters beside the page token",
        "What the server wants again with each page token. Empty: as the probe found.",
        enum=["never", "required_only", "always"],
        values_display={
            "never": "Nothing: the token alone",
            "required_only": "The filters that the standard requires",
            "always": "All filters",
        },
    ),
}

_STANDARD_FIELDS: dict[str, Any] = {
    "hidden-fields": ["schema", "port"],
    "relabeling": {"host": "Base address", "login": "Client id", "password": "Client secret or bearer token"},
    "placeholders": {
        "host": "https://school.example.se/ss12000/v2.0",
        "login": "as the vendor issued it; empty with a bearer token",
        "token_url": "https://school.example.se/connect/token",
    },
}


def provider_info() -> dict[str, Any]:
    """Give what Airflow asks of every installed provider."""
    return {
        "package-name": "narvaro",
        "name": "Närvaro",
        "description": "Reads school systems that speak SS 12000:2020.",
        "connection-types": [
            {
                "connection-type": CONN_TYPE,
                "hook-class-name": "narvaro.orchestration.hook.Ss12000Hook",
                "hook-name": CONN_NAME,
                "conn-fields": FIELDS,
                "ui-field-behaviour": _STANDARD_FIELDS,
            }
        ],
    }
