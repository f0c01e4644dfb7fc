"""Opens the HTTP client of one source: kept connections, verified TLS, its own or the machine's proxy."""

from __future__ import annotations

import re
from urllib.request import getproxies

import httpx

from narvaro.errors import SettingsError
from narvaro.sources.ss12000.carrier import Carrier
from narvaro.sources.ss12000.tls import Identity, tls_context

_CONNECT_SECONDS = 10.0
_HOST = re.compile(r"[\w.:-]+")
# This machine is never reached through the machine's proxy, whether NO_PROXY says so or not.
_DIRECT: dict[str, httpx.BaseTransport | None] = {f"all://{host}": None for host in ("127.0.0.1", "localhost", "[::1]")}


def open_client(
    auth: httpx.Auth | None, *, timeout_seconds: float, identity: Identity | None = None, proxy: str = ""
) -> httpx.Client:
    """Open a client; without `proxy` the machine's HTTPS_PROXY, HTTP_PROXY and NO_PROXY hold.

    Raises:
        SettingsError: a certificate or a proxy cannot be used.
    """
    context = tls_context(identity or Identity())
    try:
        return httpx.Client(
            auth=auth,
            verify=context,
            # Only where a proxy may stand in the way does the client carry its requests itself.
            transport=None if proxy or _has_proxies() else Carrier(context),
            proxy=_proxy(proxy) if proxy else None,
            mounts=None if proxy else _DIRECT,
            timeout=httpx.Timeout(timeout_seconds, connect=min(timeout_seconds, _CONNECT_SECONDS)),
            limits=httpx.Limits(max_connections=2, max_keepalive_connections=2, keepalive_expiry=60.0),
            headers={"Accept": "application/json", "User-Agent": "narvaro"},
            follow_redirects=False,
        )
    except (ValueError, ImportError, httpx.InvalidURL):
        # The address of a proxy may hold a password.
        which = "proxy of the connection" if proxy else "HTTPS_PROXY, HTTP_PROXY or ALL_PROXY of the environment"
        message = f"The {which} cannot be used. Wanted http://host:port or https://host:port; correct or remove it."
        raise SettingsError(message) from None


def checked_url(url: str, name: str) -> str:
    """Give an address that can be asked, or say which setting is wrong."""
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        parts = httpx.URL()
    is_whole = parts.scheme in ("http", "https") and _HOST.fullmatch(parts.host)
    if not is_whole or parts.userinfo or parts.query or parts.fragment:
        message = (
            f"{name} is not a web address. Wanted https://host/path, without user, query or fragment; "
            "correct the source or its connection."
        )
        raise SettingsError(message)
    return url


def _has_proxies() -> bool:
    """Tell whether the environment names a proxy that the client would use."""
    return not {"http", "https", "all"}.isdisjoint(getproxies())


def _proxy(url: str) -> httpx.Proxy:
    """Give a proxy that is itself verified where it is spoken to in TLS."""
    parts = httpx.URL(url)
    return httpx.Proxy(parts, ssl_context=tls_context(Identity()) if parts.scheme == "https" else None)
