"""A small OpenID provider: it signs in whoever it is told to, and can be made to misbehave."""

from __future__ import annotations

import base64
import hashlib
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.applications import Starlette
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

CLIENT, SECRET = "narvaro-web", "c" * 40


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class Provider:
    """What the provider says; a test changes what it is about."""

    issuer: str = ""
    claims: dict = field(default_factory=lambda: {"groups": ["skola-1080"], "name": "Anna Andersson"})
    changes: dict = field(default_factory=dict)
    algorithm: str = "ES256"
    signing_key: object = None
    is_down: bool = False
    key: object = field(default_factory=new_key)
    asked: dict = field(default_factory=dict)
    posted: dict = field(default_factory=dict)

    def app(self):
        paths = {"/.well-known/openid-configuration": self.describe, "/authorize": self.authorize, "/keys": self.keys}
        routes = [Route(path, answer) for path, answer in paths.items()]
        return Starlette(routes=[*routes, Route("/token", self.token, methods=["POST"])])

    def describe(self, _request):
        if self.is_down:
            return JSONResponse({}, status_code=503)
        doors = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        described = {"issuer": self.issuer} | {name: f"{self.issuer}/{path}" for name, path in doors.items()}
        return JSONResponse(described | self.changes.get("description", {}))

    def authorize(self, request):
        self.asked = dict(request.query_params)
        answer = {"code": "c0de", "state": self.asked["state"]} | self.changes.get("answer", {})
        return RedirectResponse(f"{self.asked['redirect_uri']}?{urlencode(answer)}", status_code=303)

    def keys(self, _request):
        key = jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return JSONResponse({"keys": [key | {"kid": "k1", "use": "sig", "alg": "ES256"}]})

    async def token(self, request):
        self.posted = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        wanted = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        digest = hashlib.sha256(self.posted["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if request.headers["authorization"] != wanted or challenge != self.asked["code_challenge"]:
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": self.id_token()})

    def id_token(self):
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "u1", "iat": now, "exp": now + 300}
        claims |= {"nonce": self.asked["nonce"]} | self.claims | self.changes.get("claims", {})
        key = None if self.algorithm == "none" else self.signing_key or self.key
        return jwt.encode(claims, key, algorithm=self.algorithm, headers={"kid": "k1"})
