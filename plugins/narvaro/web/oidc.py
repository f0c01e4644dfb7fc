"""Signing in by OpenID Connect: the provider says who it is, our configuration whose pages they see."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import httpx
import jwt

from narvaro.errors import SettingsError, SourceDeniedError, SourceError

if TYPE_CHECKING:
    from narvaro.connections import Connection

_SECONDS = 10.0
# Never "none", and nothing that is signed by the client's own secret.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_LEEWAY_SECONDS = 60
_DISCOVERY = "/.well-known/openid-configuration"
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in under way: what the provider's answer must fit."""

    state: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)


@dataclass(frozen=True, slots=True)
class Person:
    """Who has signed in, and whose pages they see."""

    name: str = field(repr=False)
    owner_id: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """One OpenID provider and what its claim means here."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str
    claim: str
    name_claim: str
    owners: Mapping[str, str] = field(repr=False)

    @classmethod
    def from_connection(cls, connection: Connection, known: Mapping[str, object]) -> SignIn:
        """Read a provider's connection; `known` are the owners (and the county) that a claim can stand for.

        Raises:
            SettingsError: its address, client or mapping is missing, or an owner is not one of the county's.
        """
        owners = connection.extra.get("owners")
        where = connection.conn_id
        if not connection.login or not isinstance(owners, Mapping) or not owners:
            message = f"{where}: wanted a login (the client id) and in extra an object `owners`. See docs/web.md."
            raise SettingsError(message)
        if not connection.host.startswith(("https://", "http://localhost", "http://127.0.0.1")):
            message = f"{where}: wanted the issuer's https address as its host. See docs/web.md."
            raise SettingsError(message)
        if unknown := [value for value in owners.values() if value not in known]:
            message = f"{where}: {len(unknown)} of the `owners` are in no owners.yml. Correct them, or write `county`."
            raise SettingsError(message)
        extra = connection.extra
        return cls(
            issuer=connection.host.rstrip("/"),
            client_id=connection.login,
            client_secret=connection.password,
            scope=str(extra.get("scope", "openid profile email")),
            claim=str(extra.get("claim", "groups")),
            name_claim=str(extra.get("name_claim", "name")),
            owners={str(value): str(owner_id) for value, owner_id in owners.items()},
        )

    def begin(self, attempt: Attempt, redirect_uri: str) -> str:
        """Give the provider's address that a visitor is sent to.

        Raises:
            SourceError: the provider does not answer.
        """
        digest = hashlib.sha256(attempt.verifier.encode()).digest()
        question = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": redirect_uri,
            "scope": self.scope,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii"),
            "code_challenge_method": "S256",
        }
        with httpx.Client(timeout=_SECONDS) as client:
            door = str(self._metadata(client)["authorization_endpoint"])
        return f"{door}{'&' if '?' in door else '?'}{urlencode(question)}"

    def finish(self, attempt: Attempt, redirect_uri: str, *, code: str, state: str) -> Person:
        """Give who the provider says has signed in.

        Raises:
            SourceError: the answer does not fit the attempt, or the provider does not answer rightly.
            SourceDeniedError: nothing here is theirs.
        """
        if not code or not hmac.compare_digest(state.encode(), attempt.state.encode()):
            message = "The sign-in's answer does not fit its question. Sign in again."
            raise SourceError(message)
        return self._person(self._claims(attempt, redirect_uri, code))

    def _claims(self, attempt: Attempt, redirect_uri: str, code: str) -> Mapping[str, Any]:
        """Exchange the code, and read the identity token as the provider's own keys vouch for it."""
        try:
            with httpx.Client(timeout=_SECONDS) as client:
                metadata = self._metadata(client)
                token = self._exchange(client, metadata["token_endpoint"], attempt, redirect_uri, code)
                keys = jwt.PyJWKSet.from_dict(_read(client.get(metadata["jwks_uri"])))
            header = jwt.get_unverified_header(token)
            # A provider with one key need not name it.
            key = keys[header["kid"]] if "kid" in header else keys.keys[0]
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=_ALGORITHMS,
                audience=self.client_id,
                issuer=metadata["issuer"],
                leeway=_LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "sub", "nonce"]},
            )
        except (jwt.PyJWTError, httpx.HTTPError, KeyError, TypeError, ValueError) as error:
            message = f"{self.issuer}: the sign-in failed ({type(error).__name__}). Check the client and its secret."
            raise SourceError(message) from None
        if not hmac.compare_digest(str(claims["nonce"]).encode(), attempt.nonce.encode()):
            message = f"{self.issuer}: the identity token answers another question. Sign in again."
            raise SourceError(message)
        return claims

    def _exchange(self, client: httpx.Client, url: str, attempt: Attempt, redirect_uri: str, code: str) -> str:
        """Give the identity token that the provider hands out for a code."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": attempt.verifier,
        }
        answer = client.post(url, data=form, auth=(quote(self.client_id), quote(self.client_secret)))
        return str(_read(answer)["id_token"])

    def _person(self, claims: Mapping[str, Any]) -> Person:
        """Give whose pages a person sees; of several owners the first that the configuration names."""
        held = claims.get(self.claim)
        values = {str(value) for value in held} if isinstance(held, list) else {str(held)}
        owner_id = next((owner_id for value, owner_id in self.owners.items() if value in values), None)
        if owner_id is None:
            message = f"{self.issuer}: an account without any of the {len(self.owners)} values of {self.claim}."
            raise SourceDeniedError(message)
        name = str(claims.get(self.name_claim) or claims.get("email") or claims["sub"])
        return Person(" ".join(name.split())[:_LONGEST_NAME], owner_id)

    def _metadata(self, client: httpx.Client) -> Mapping[str, Any]:
        """Ask the provider where its doors are.

        Raises:
            SourceError: it does not answer, or is another than was configured.
        """
        try:
            metadata: Mapping[str, Any] = _read(client.get(self.issuer + _DISCOVERY))
        except (httpx.HTTPError, ValueError) as error:
            message = f"{self.issuer}: no answer that could be read ({type(error).__name__}). Check the connection."
            raise SourceError(message) from None
        doors = {"authorization_endpoint", "token_endpoint", "jwks_uri"}
        if str(metadata.get("issuer", "")).rstrip("/") != self.issuer or not doors <= metadata.keys():
            message = f"{self.issuer}: its description names another issuer, or no door. Correct the connection's host."
            raise SourceError(message)
        return metadata


def _read(answer: httpx.Response) -> Any:  # noqa: ANN401 - JSON
    """Read an answer's JSON; a refusal is an error."""
    return answer.raise_for_status().json()
