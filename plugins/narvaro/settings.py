"""Where this installation keeps its things: the environment, read once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from narvaro.errors import SettingsError

PROJECT_DIR = Path(__file__).resolve().parents[2]
_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Paths and addresses of one installation; every path is absolute, its `repr` shows no secret."""

    project_dir: Path
    config_dir: Path
    home: Path
    ledger_url: str = field(repr=False)
    connections_path: Path
    pseudonym_key_path: Path
    landing_dir: Path
    quarantine_dir: Path
    warehouse_path: Path
    published_dir: Path
    published_url: str | None = field(repr=False)
    mail_dir: Path
    airflow_port: int
    simulator_port: int
    report_port: int
    mail_port: int
    retry_delay_seconds: float | None
    pseudonym_key_conn_id: str | None = None
    encrypt_at_rest: bool = False
    web_port: int = 8083
    web_url: str = ""

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Settings:
        """Read the NARVARO_ variables; every one of them has a default.

        Raises:
            SettingsError: the project's or the county's folder does not exist, or a secret's file does not.
        """
        project_dir = _path(env, "NARVARO_PROJECT_DIR", PROJECT_DIR)
        home = _path(env, "NARVARO_HOME", project_dir / "var")
        settings = cls(
            project_dir=project_dir,
            config_dir=_path(env, "NARVARO_CONFIG_DIR", project_dir / "config"),
            home=home,
            ledger_url=_url(env, "NARVARO_LEDGER") or f"sqlite:///{home / 'ledger.db'}",
            connections_path=_path(env, "NARVARO_CONNECTIONS_PATH", home / "secrets" / "connections.json"),
            pseudonym_key_path=_path(env, "NARVARO_PSEUDONYM_KEY_PATH", home / "secrets" / "pseudonym.key"),
            landing_dir=_path(env, "NARVARO_LANDING_DIR", home / "landing"),
            quarantine_dir=_path(env, "NARVARO_QUARANTINE_DIR", home / "quarantine"),
            warehouse_path=_path(env, "NARVARO_WAREHOUSE_PATH", home / "warehouse" / "warehouse.duckdb"),
            published_dir=_path(env, "NARVARO_PUBLISHED_DIR", home / "published"),
            published_url=_url(env, "NARVARO_PUBLISHED"),
            mail_dir=_path(env, "NARVARO_MAIL_DIR", home / "mail"),
            airflow_port=_port(env, "NARVARO_AIRFLOW_PORT", 8080),
            simulator_port=_port(env, "NARVARO_SIMULATOR_PORT", 8081),
            report_port=_port(env, "NARVARO_REPORT_PORT", 8082),
            mail_port=_port(env, "NARVARO_MAIL_PORT", 8025),
            retry_delay_seconds=_seconds(env, "NARVARO_RETRY_DELAY_SECONDS"),
            pseudonym_key_conn_id=env.get("NARVARO_PSEUDONYM_KEY_CONN_ID") or None,
            encrypt_at_rest=_switch(env, "NARVARO_ENCRYPT_AT_REST"),
            web_port=_port(env, "NARVARO_WEB_PORT", 8083),
            web_url=_web_url(env),
        )
        _require_folder(settings.project_dir, "NARVARO_PROJECT_DIR")
        _require_folder(settings.config_dir, "NARVARO_CONFIG_DIR")
        return settings

    @property
    def dbt_dir(self) -> Path:
        """The dbt project."""
        return self.project_dir / "dbt"

    @property
    def expectations_dir(self) -> Path:
        """The suites: one YAML per table under `raw/` and `marts/`."""
        return self.project_dir / "expectations"


def _require_folder(folder: Path, variable: str) -> None:
    """Refuse a folder that is not there."""
    if not folder.is_dir():
        message = f"{variable} points to {folder}, which is not a folder. Correct or unset the variable."
        raise SettingsError(message)


def _path(env: Mapping[str, str], variable: str, default: Path) -> Path:
    """Give the variable's path, made absolute, or the default when unset or empty."""
    value = env.get(variable)
    return Path(value).expanduser().resolve() if value else default


def _url(env: Mapping[str, str], prefix: str) -> str | None:
    """Give `<prefix>_URL` with the password of the file `<prefix>_PASSWORD_PATH`, None when there is no URL."""
    url, password_path = _over_tls(env.get(f"{prefix}_URL") or ""), env.get(f"{prefix}_PASSWORD_PATH")
    if not url or not password_path:
        return url or None
    # Anything between the scheme and the host may be a secret: no part of the URL reaches an error.
    user, at, host = urlsplit(url).netloc.rpartition("@")
    if not at or ":" in user:
        message = f"{prefix}_URL must name a user and no password when {prefix}_PASSWORD_PATH is set: scheme://user@host/name."
        raise SettingsError(message)
    try:
        password = Path(password_path).read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{prefix}_PASSWORD_PATH: {password_path} cannot be read ({type(error).__name__}). Put it there."
        raise SettingsError(message) from None
    return url.replace(f"{user}@{host}", f"{user}:{quote(password, safe='')}@{host}", 1)


def _over_tls(url: str) -> str:
    """Give the address of a database; of one on another machine TLS is verified, unless the address says otherwise."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        # Who opens it says what is wrong, and how.
        return url
    if not parts.scheme.startswith("postgres") or not host or host in _THIS_MACHINE or "sslmode=" in parts.query:
        return url
    root = "" if "sslrootcert=" in parts.query else "&sslrootcert=system"
    return f"{url}{'&' if parts.query else '?'}sslmode=verify-full{root}"


def _web_url(env: Mapping[str, str]) -> str:
    """Give the address of the web pages as people write it, empty when unset."""
    value = (env.get("NARVARO_WEB_URL") or "").rstrip("/")
    parts = urlsplit(value)
    if value and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment):
        message = "NARVARO_WEB_URL is not an address; wanted one such as https://narvaro.example. Correct or unset it."
        raise SettingsError(message)
    return value


def _port(env: Mapping[str, str], variable: str, default: int) -> int:
    """Give the variable's TCP port, or the default when unset or empty."""
    value = env.get(variable) or str(default)
    if not value.isdecimal() or not 0 < int(value) < 65536:  # noqa: PLR2004 - the range of TCP ports
        message = f"{variable} is {value!r}; wanted a port from 1 to 65535. Correct or unset the variable."
        raise SettingsError(message)
    return int(value)


def _switch(env: Mapping[str, str], variable: str) -> bool:
    """Tell whether the variable switches something on, False when unset or empty."""
    value = env.get(variable) or "off"
    if value not in {"on", "off"}:
        message = f"{variable} is {value!r}; wanted on or off. Correct or unset the variable."
        raise SettingsError(message)
    return value == "on"


def _seconds(env: Mapping[str, str], variable: str) -> float | None:
    """Give the variable's number of seconds, None when unset or empty."""
    value = env.get(variable)
    if not value:
        return None
    if not value.replace(".", "", 1).isdecimal():
        message = f"{variable} is {value!r}; wanted a number of seconds. Correct or unset the variable."
        raise SettingsError(message)
    return float(value)
