"""Who we trust and who we are, before a word is said; and what a failed handshake means."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from narvaro.errors import NarvaroError, SettingsError, SourceDeniedError, SourceShapeError

_NO_TLS_THERE = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST"})


@dataclass(frozen=True, slots=True)
class Identity:
    """Files that TLS needs: a private CA, trusted beside the machine's own, and our certificate and key."""

    ca_file: str = ""
    client_cert: str = ""
    client_key: str = ""
    client_key_password: str = field(default="", repr=False)


def identity_from_extra(extra: Mapping[str, Any]) -> Identity:
    """Give the files that a connection's extra names."""
    names = ("ca_file", "client_cert", "client_key", "client_key_password")
    return Identity(**{name: str(extra.get(name) or "") for name in names})


def tls_context(identity: Identity) -> ssl.SSLContext:
    """Give a context that always verifies the other side.

    Raises:
        SettingsError: a file is missing, is no certificate, or its key wants another password.
    """
    context = ssl.create_default_context()
    # The same on every Python: an issuer may be trusted without its own issuer, and a municipality's need not be made
    # by the book (3.13 has turned on both).
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    try:
        if identity.ca_file:
            context.load_verify_locations(cafile=identity.ca_file)
        if identity.client_cert:
            # Without a password of ours OpenSSL would ask for one at the terminal.
            context.load_cert_chain(
                identity.client_cert, identity.client_key or None, password=lambda: identity.client_key_password
            )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        message = (
            f"The CA file or client certificate cannot be used ({reason}). Correct ca_file, client_cert, client_key."
        )
        raise SettingsError(message) from None
    return context


def handshake_refusal(where: str, error: httpx.TransportError) -> NarvaroError | None:
    """Give the error of a handshake that can never succeed; None when another try may."""
    cause = _ssl_error(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        message = (
            f"{where}: the server's certificate is not trusted ({cause.verify_message.rstrip('.')}). Ask the owner to "
            "renew it, or name its issuer in ca_file of the connection."
        )
        return SourceDeniedError(message)
    reason = str(cause.reason or "") if cause else ""
    if reason in _NO_TLS_THERE:
        message = f"{where}: the server does not speak TLS at this address ({reason}). Correct base_url or token_url."
        return SourceShapeError(message)
    if "_ALERT_" in reason and "INTERNAL_ERROR" not in reason:
        message = (
            f"{where}: the server broke off the TLS handshake ({reason}). It may want a client certificate, or another "
            "one; see client_cert and client_key of the connection."
        )
        return SourceDeniedError(message)
    return None


def remedy(error: httpx.HTTPError) -> str:
    """Give what to check when a connection broke off: who wants a certificate may hang up before saying so."""
    if isinstance(_ssl_error(error), ssl.SSLEOFError):
        return "check the base address, and whether the server wants a certificate (client_cert and client_key)"
    return "check the base address"


def _ssl_error(error: BaseException | None) -> ssl.SSLError | None:
    """Find what TLS itself said below an error of the client's."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return error
        error = error.__cause__ or error.__context__
    return None
