"""The simulated servers as one web application: a base path per source."""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from narvaro.simulator.calendar import seconds
from narvaro.simulator.config import Fault
from narvaro.simulator.wire.authority import TOKEN_SECONDS, Authority
from narvaro.simulator.wire.pages import Pages, Walk
from narvaro.simulator.wire.request import Query, WireError, bad_request
from narvaro.simulator.wire.selection import FILTERS

if TYPE_CHECKING:
    from starlette.requests import Request

    from narvaro.simulator.world import World

_LARGEST_PAGE = 20_000


class SimulatedServers:
    """Answers every request; keeps the simulated clock, the faults of the wire and the counts."""

    def __init__(self, world: World, secret: str, *, clock: datetime | None = None) -> None:
        self.world = world
        self.authority = Authority(secret)
        self.clock = seconds(clock or world.as_of)
        self.faults: tuple[Fault, ...] = world.config.faults
        self.requests: Counter[str] = Counter()
        self._pages = Pages(world)
        self._places = {source.name: place for place, source in enumerate(world.sources)}

    def _now(self) -> datetime:
        """Give the simulated time."""
        return datetime.fromtimestamp(self.clock, UTC)

    def _has_fault(self, source: str, kind: str) -> bool:
        """Tell whether a source has a fault of the wire right now."""
        return any(f.source == source and f.kind == kind and f.is_active(self._now()) for f in self.faults)

    def _answer(self, body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
        """Give a JSON answer that carries the simulated time."""
        stamped = {"date": format_datetime(self._now(), usegmt=True)} | (headers or {})
        return Response(body, status, stamped, "application/json" if body else None)

    def _refusal(self, error: WireError) -> Response:
        """Give an error as the standard shapes it."""
        headers = {"www-authenticate": "Bearer"} if error.status == 401 else {}  # noqa: PLR2004
        return self._answer(orjson.dumps({"code": error.code, "message": error.message}), error.status, headers)

    def _place(self, request: Request) -> int:
        """Give the place of the source that a path names."""
        source = request.path_params["source"]
        if source not in self._places:
            raise WireError(404, "not_found", "There is no such source.")
        self.requests[f"{source}{request.url.path.removeprefix(f'/{source}')}"] += 1
        if self._has_fault(source, "silent"):
            raise WireError(503, "source_unavailable", "The source cannot answer right now.")
        return self._places[source]

    async def token(self, request: Request) -> Response:
        """Issue a bearer token (OAuth2 client credentials, by header or by form)."""
        try:
            self._place(request)
            source = self._client(request, await request.body())
        except WireError as error:
            # OAuth2 has its own shape of error.
            refusal = {"error": error.code, "error_description": error.message}
            return self._answer(orjson.dumps(refusal), error.status)
        token = self.authority.bearer_token(source)
        grant = {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}
        return self._answer(orjson.dumps(grant), headers={"cache-control": "no-store"})

    def _client(self, request: Request, body: bytes) -> str:
        """Give the source whose client asks for a token, its secret checked."""
        form = dict(parse_qsl(body.decode("utf-8", "replace")))
        client_id, secret = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
        if form.get("grant_type") != "client_credentials":
            raise WireError(400, "unsupported_grant_type", "Only client_credentials.")
        source: str = request.path_params["source"]
        if not self.authority.is_client(source, client_id, secret):
            raise WireError(401, "invalid_client", "Unknown client or wrong secret.")
        return source

    async def resource(self, request: Request) -> Response:
        """Answer with a page of a resource."""
        try:
            return self._page(request, self._place(request))
        except WireError as error:
            if error.status == 404:  # noqa: PLR2004 - the standard's 404 has no body
                return self._answer(b"", 404)
            return self._refusal(error)

    def _page(self, request: Request, place: int) -> Response:
        """Write the page that a request means."""
        if not self.authority.is_bearer(request.path_params["source"], _bearer(request)):
            raise WireError(401, "unauthorized", "A valid bearer token is needed.")
        resource = request.path_params["resource"]
        if resource not in FILTERS and resource != "deletedEntities":
            raise WireError(404, "not_found", "There is no such resource.")
        walk, offset = self._walk(request, place, resource)
        limit = _limit(request) or self.world.config.page_size
        body, has_more = self._pages.page(walk, offset, limit)
        if resource == "attendances" and self._has_fault(request.path_params["source"], "wrong_header"):
            body = body.replace(b'"isReported"', b'"rapporterad"')
        token = b"null"
        if has_more:
            content = {"resource": resource, "filters": walk.query.filters, "clock": walk.clock}
            content["offset"] = offset + limit
            token = orjson.dumps(self.authority.sealed("page", content))
        return self._answer(b'{"data":' + body + b',"pageToken":' + token + b"}")

    def _walk(self, request: Request, place: int, resource: str) -> tuple[Walk, int]:
        """Give a walk and how far it has come: new, or the one that a token continues."""
        parameters = tuple((key, value) for key, value in request.query_params.multi_items() if key != "limit")
        token = request.query_params.get("pageToken")
        if token is None:
            return Walk(place, resource, Query(parameters), self.clock), 0
        if len(parameters) > 1:
            raise bad_request("pageToken can be combined with limit only.")
        content = self.authority.opened("page", token)
        if content is None or content["resource"] != resource:
            raise bad_request("The pageToken is not one of this resource's.")
        query = Query(tuple((key, value) for key, value in content["filters"]))
        return Walk(place, resource, query, content["clock"]), content["offset"]

    async def health(self, _request: Request) -> Response:
        """Tell that the servers are up."""
        content = {"status": "ok", "clock": self._now().isoformat(), "sources": len(self.world.sources)}
        return self._answer(orjson.dumps(content))

    async def lever(self, request: Request) -> Response:
        """Read or move one of the simulator's own levers: clock, faults, stats."""
        try:
            self._check_admin(request)
            name = request.path_params["lever"]
            content = orjson.loads(await request.body()) if request.method == "PUT" else None
            return self._answer(orjson.dumps(self._moved(name, content)))
        except WireError as error:
            return self._refusal(error)
        except ValueError:
            return self._refusal(bad_request("The body is not what this lever takes."))

    def _check_admin(self, request: Request) -> None:
        """Refuse everybody without the simulator's own token."""
        if not self.authority.is_admin(_bearer(request)):
            raise WireError(401, "unauthorized", "The simulator's own token is needed.")

    def _moved(self, name: str, content: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
        """Move a lever when there is content; give its state."""
        if name == "clock":
            if content is not None:
                now = datetime.fromisoformat(str(content["now"])) if "now" in content else None
                if now is None or now.tzinfo is None:
                    raise bad_request("Give now as a date-time with an offset.")
                self.clock = seconds(now)
            return {"now": self._now().isoformat()}
        if name == "faults":
            if content is not None:
                self.faults = tuple(Fault.model_validate(entry) for entry in content)
            return [fault.model_dump(mode="json") for fault in self.faults]
        if name == "stats" and content is None:
            return dict(sorted(self.requests.items()))
        raise WireError(404, "not_found", "There is no such lever.")


def _basic(request: Request) -> tuple[str, str] | None:
    """Give the client id and secret of a basic authorization header."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        return None
    return client_id, secret


def _bearer(request: Request) -> str:
    """Give the bearer token of a request, empty when there is none."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value if scheme.lower() == "bearer" else ""


def _limit(request: Request) -> int | None:
    """Give the asked size of a page."""
    text = request.query_params.get("limit")
    if text is None:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise bad_request("limit is not a whole number of at least 1.")
    return min(int(text), _LARGEST_PAGE)


def create_app(world: World, secret: str, *, clock: datetime | None = None) -> Starlette:
    """Give the web application of a simulated county; `app.state.servers` holds its levers."""
    servers = SimulatedServers(world, secret, clock=clock)
    app = Starlette(
        routes=[
            Route("/_simulator/health", servers.health),
            Route("/_simulator/{lever}", servers.lever, methods=["GET", "PUT"]),
            Route("/{source}/token", servers.token, methods=["POST"]),
            Route("/{source}/v2.0/{resource}", servers.resource),
        ]
    )
    app.state.servers = servers
    return app
